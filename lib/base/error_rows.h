/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of errors, in the order of enum sts_err; included by error.c alone, once for each column that it makes of it (so no guard).
 * ROW(code, name, retry, fetch retries, exit status, meaning, hint)
 */
ROW(STS_OK, "ok", NEVER, false, STS_EXIT_OK, "done", "nothing to do")
ROW(STS_EAGAIN, "again", SOON, true, STS_EXIT_BUG, "more input is wanted", "report this as a bug")
ROW(STS_EUSAGE, "usage", NEVER, false, STS_EXIT_USAGE,
    "the command line or the configuration is wrong", "see sts-sidecar COMMAND --help")
ROW(STS_EURL, "url", NEVER, false, STS_EXIT_USAGE, "the URL cannot be used",
    "give an absolute https URL without user, fragment or spaces")
ROW(STS_ESUBJECT_MISSING, "subject_missing", SLOW, false, STS_EXIT_SUBJECT,
    "there is no subject token",
    "mount a projected ServiceAccount token there, or name its path with --token-file")
ROW(STS_ESUBJECT_UNREADABLE, "subject_unreadable", SLOW, false, STS_EXIT_SUBJECT,
    "the subject token cannot be read", "run as a UID or group that may read it, or set fsGroup")
ROW(STS_ESUBJECT_MALFORMED, "subject_malformed", SLOW, false, STS_EXIT_SUBJECT,
    "the subject token is no token", "check what is mounted there: one token and nothing else")
ROW(STS_ESUBJECT_TOOBIG, "subject_too_big", SLOW, false, STS_EXIT_SUBJECT,
    "the subject token is too big",
    "check what is mounted there: 64 KiB at most, or what the STS takes")
ROW(STS_ESUBJECT_EXPIRED, "subject_expired", SLOW, false, STS_EXIT_SUBJECT,
    "the subject token has expired",
    "mount a projected token (the kubelet renews it, but no subPath mount, and none of a Pod "
    "that ends) and check the node's clock")
ROW(STS_ESUBJECT_AUDIENCE, "subject_audience", SLOW, false, STS_EXIT_SUBJECT,
    "the subject token is for another audience",
    "set the projected token's audience, or --subject-audience")
ROW(STS_ESUBJECT_USED, "subject_used", SLOW, false, STS_EXIT_SUBJECT,
    "the subject token was sent already, and this STS takes it once",
    "wait for the kubelet to renew it, or shorten its expirationSeconds")
ROW(STS_EINPUT, "input_file", SLOW, false, STS_EXIT_SUBJECT,
    "a file that the request needs cannot be used",
    "mount it, readable for the UID or a group of this process")
ROW(STS_EHOST, "unknown_host", SOON, true, STS_EXIT_NETWORK, "the host name does not exist",
    "check the URL's host, the Pod's dnsPolicy and hostAliases")
ROW(STS_EDNS, "dns", SOON, true, STS_EXIT_NETWORK, "the name could not be resolved",
    "check that the Pod can reach its name server (NetworkPolicy, /etc/resolv.conf)")
ROW(STS_ECONNECT, "connect", SOON, true, STS_EXIT_NETWORK, "the connection failed",
    "check that the STS is running and that a NetworkPolicy lets the Pod reach it")
ROW(STS_ECONNECT_TIME, "connect_timeout", SOON, true, STS_EXIT_NETWORK,
    "the connection attempt was not answered",
    "check address and port, and that no firewall or NetworkPolicy drops it")
ROW(STS_EPROXY, "proxy", SOON, true, STS_EXIT_NETWORK, "the proxy failed",
    "check the proxy, or add the STS to NO_PROXY")
ROW(STS_EPROXY_REFUSED, "proxy_refused", SLOW, false, STS_EXIT_NETWORK,
    "the proxy refused to connect to the STS",
    "check the proxy's rules and credentials, or add the STS to NO_PROXY")
ROW(STS_ETLS, "tls", SOON, true, STS_EXIT_NETWORK, "TLS failed",
    "check that the URL's port speaks TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305")
ROW(STS_ETLS_VERSION, "tls_version", SLOW, false, STS_EXIT_NETWORK,
    "the server requires TLS 1.3, which this program does not speak",
    "let the server accept TLS 1.2 as well")
ROW(STS_ETLS_REFUSED, "tls_refused", SLOW, false, STS_EXIT_NETWORK,
    "the server found no common TLS parameters (or insists on Extended Master Secret)",
    "let the server offer TLS 1.2, ECDHE with AES-GCM or ChaCha20-Poly1305, without "
    "requiring Extended Master Secret")
ROW(STS_ETLS_CLOSED, "tls_closed", SOON, true, STS_EXIT_NETWORK,
    "the peer closed the connection during the handshake",
    "check that the port speaks TLS, and the server's or mesh proxy's log")
ROW(STS_ECLIENT_CERT, "client_cert", SLOW, false, STS_EXIT_NETWORK,
    "the client certificate is missing or cannot be used",
    "give one that the STS accepts, and its key, in --client-cert and --client-key")
ROW(STS_ECA_FILE, "ca_file", SLOW, false, STS_EXIT_NETWORK, "there is no usable trust anchor",
    "give a PEM file with the STS's CA in --cacert-path")
ROW(STS_ECERT_ISSUER, "cert_issuer", SLOW, false, STS_EXIT_NETWORK,
    "the server's certificate has an unknown issuer", "give the CA that issued it in --cacert-path")
ROW(STS_ECERT_EXPIRED, "cert_expired", SLOW, false, STS_EXIT_NETWORK, "a certificate has expired",
    "renew the server's certificate, and check the node's clock")
ROW(STS_ECERT_NOTYET, "cert_not_yet_valid", SLOW, false, STS_EXIT_NETWORK,
    "a certificate is not valid yet", "check the node's clock")
ROW(STS_ECERT_NAME, "cert_name", SLOW, false, STS_EXIT_NETWORK,
    "the server's certificate is for other names",
    "use a host that the certificate names (subjectAltName; the common name does not "
    "count)")
ROW(STS_ECERT_PURPOSE, "cert_purpose", SLOW, false, STS_EXIT_NETWORK,
    "the certificate is not for TLS servers", "issue it with the extended key usage serverAuth")
ROW(STS_ECERT_CA, "cert_ca", SLOW, false, STS_EXIT_NETWORK,
    "a CA certificate stands where a server's must, or the reverse",
    "give the server a certificate of its own (CA:FALSE), issued by a CA (CA:TRUE)")
ROW(STS_ECERT_CONSTRAINT, "cert_constraint", SLOW, false, STS_EXIT_NETWORK,
    "the CA's name constraints do not allow the certificate",
    "issue it under a CA that may issue for this name")
ROW(STS_ECERT_ALGORITHM, "cert_algorithm", SLOW, false, STS_EXIT_NETWORK,
    "a certificate's key or signature is of a kind that this program does not accept",
    "use RSA 2048 to 4096 (PKCS#1 v1.5) or ECDSA P-256, P-384, P-521, with SHA-256 or "
    "better")
ROW(STS_ECERT_SIGNATURE, "cert_signature", SLOW, false, STS_EXIT_NETWORK,
    "a certificate's signature is wrong",
    "check that --cacert-path holds the CA that really issued it; else somebody is in "
    "between")
ROW(STS_ECERT_MALFORMED, "cert_malformed", SLOW, false, STS_EXIT_NETWORK,
    "a certificate is malformed", "look at what the server sends: openssl s_client -showcerts")
ROW(STS_ECERT_LIMIT, "cert_limit", SLOW, false, STS_EXIT_NETWORK,
    "the certificate chain is too long",
    "let the server send its chain only: at most 10 certificates and 64 KiB")
ROW(STS_EHTTP, "http", SLOW, false, STS_EXIT_ANSWER, "the answer is no valid HTTP/1.1",
    "check that the URL points at the STS, and what stands in between")
ROW(STS_ETRUNCATED, "truncated", SOON, true, STS_EXIT_TRANSIENT, "the answer was cut short",
    "check the STS's log and the proxies in between")
ROW(STS_ETOOBIG, "too_big", SLOW, false, STS_EXIT_ANSWER, "the answer is too big",
    "check that the URL points at the STS: a head may have 32 KiB, a body 256 KiB")
ROW(STS_EREDIRECT, "redirect", SLOW, false, STS_EXIT_ANSWER,
    "the STS answered with a redirect, which is not followed",
    "give the URL that it redirects to, if that is the STS")
ROW(STS_EEMPTY, "empty", SLOW, false, STS_EXIT_ANSWER, "the STS answered 200 with no body",
    "check the URL's path and --protocol")
ROW(STS_EHTML, "html", SLOW, false, STS_EXIT_ANSWER, "the answer is a web page",
    "check the URL's path: a portal or an ingress answered, not the STS")
ROW(STS_EJSON, "json", SLOW, false, STS_EXIT_ANSWER, "the answer is no JSON that can be used",
    "check the URL's path and --protocol")
ROW(STS_EANSWER, "answer", SLOW, false, STS_EXIT_ANSWER,
    "the answer lacks a field or has one of the wrong type", "check --protocol and --token-field")
ROW(STS_ETOKEN, "token", SLOW, false, STS_EXIT_ANSWER,
    "the returned value must not be written to a file",
    "the STS must return printable ASCII without white space, at most 64 KiB")
ROW(STS_ELIFETIME, "lifetime", SLOW, false, STS_EXIT_ANSWER, "the returned token has no life left",
    "check the clocks of the STS and of this node")
ROW(STS_EEXPECT, "expectation", SLOW, false, STS_EXIT_ANSWER,
    "the returned token is not what was asked for",
    "check --expect-audience, --expect-issuer, --max-lifetime and the STS's configuration")
ROW(STS_EBUSY, "busy", SOON, true, STS_EXIT_TRANSIENT, "the STS cannot answer now",
    "check the health of the STS")
ROW(STS_EUNAUTHORIZED, "unauthorized", SLOW, true, STS_EXIT_DENIED,
    "the STS did not accept the subject token",
    "check the subject token's issuer, audience and expiry (sts-sidecar inspect), and the "
    "STS's log")
ROW(STS_ECLIENT, "client", SLOW, false, STS_EXIT_DENIED, "the STS did not accept the client",
    "check --client-id, --client-secret-file and --client-auth")
ROW(STS_EREFUSED, "refused", SLOW, false, STS_EXIT_DENIED, "the STS refused the request",
    "check the parameters, the subject token (sts-sidecar inspect) and the STS's configuration")
ROW(STS_EDENIED, "denied", SLOW, false, STS_EXIT_DENIED, "the STS refused this ServiceAccount",
    "check its authorization rules")
ROW(STS_ENOTFOUND, "not_found", SLOW, true, STS_EXIT_ANSWER, "there is nothing at this URL",
    "check the URL's path")
ROW(STS_ESTATUS, "status", SLOW, false, STS_EXIT_ANSWER,
    "the STS answered with an unexpected status",
    "check the URL, --protocol and the request's parameters")
ROW(STS_EOUTPUT, "output", SLOW, false, STS_EXIT_OUTPUT, "the output cannot be written",
    "mount a writable emptyDir at the output directory")
ROW(STS_ELOCKED, "locked", SLOW, false, STS_EXIT_OUTPUT, "another process writes to this directory",
    "give every sidecar an output directory of its own, or stop the other one")
ROW(STS_ETIMEOUT, "timeout", SOON, true, STS_EXIT_TRANSIENT, "no answer within the time",
    "check the STS's load and log, or raise --timeout")
ROW(STS_ESTOPPED, "stopped", NEVER, false, STS_EXIT_TRANSIENT, "told to stop before it was done",
    "run it again")
ROW(STS_EFORK, "fork", SOON, true, STS_EXIT_TRANSIENT, "the worker process could not be started",
    "raise the Pod's pids or memory limit")
ROW(STS_ESANDBOX, "sandbox", SLOW, false, STS_EXIT_SANDBOX, "a layer of the sandbox does not hold",
    "use a kernel with seccomp and Landlock, or leave --require-sandbox out")
ROW(STS_EWORKER, "worker", SOON, true, STS_EXIT_BUG, "the worker process ended without a report",
    "raise the memory limit if it was killed for memory; else report this as a bug")
ROW(STS_EBUG, "bug", SLOW, false, STS_EXIT_BUG, "a bug in this program", "report it with this line")
