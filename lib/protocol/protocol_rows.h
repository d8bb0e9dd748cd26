/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of protocols and of their parameters; included by protocol.c alone, once for each column that it makes of them (so no guard).
 *
 * PARAM(symbol, source, place, kind, flags, min, max,
 *       name, field, value, variable, shape, charset, help)
 * ROW(body, flags, expiry kind, default lifetime, what is written,
 *     name, summary, method, URL, variable of the subject token's path,
 *     base, token, expiry, thumbprint, AWS key id, AWS secret, parameters in order...)
 */
/* Columns that a formatter would fold. */
/* clang-format off */
#ifdef PARAM
#define FIXED_BODY FIXED, BODY, STRING, 0, 0, 0

PARAM(GRANT_EXCHANGE, FIXED_BODY, "grant_type", "", OAUTH "grant-type:token-exchange", "", "", "", "")
PARAM(GRANT_BEARER, FIXED_BODY, "grant_type", "", OAUTH "grant-type:jwt-bearer", "", "", "", "")
PARAM(GRANT_CLIENT, FIXED_BODY, "grant_type", "", "client_credentials", "", "", "", "")
PARAM(ASSERTION_TYPE, FIXED_BODY, "client_assertion_type", "", OAUTH "client-assertion-type:jwt-bearer", "", "", "", "")

/* Where the subject token goes. */
PARAM(BEARER, SUBJECT, BEARER, STRING, 0, 0, 0, "authorization", "", "", "", "", "", "")
PARAM(SUBJECT, SUBJECT, BODY, STRING, 0, 0, 0, "subject_token", "", "", "", "", "", "")
PARAM(ASSERTION, SUBJECT, BODY, STRING, 0, 0, 0, "assertion", "", "", "", "", "", "")
PARAM(ASSERTION_16K, SUBJECT, BODY, STRING, 0, 0, 16384, "assertion", "", "", "", "", "", "")
PARAM(CLIENT_ASSERTION, SUBJECT, BODY, STRING, 0, 0, 0, "client_assertion", "", "", "", "", "", "")
PARAM(WEB_IDENTITY, SUBJECT, BODY, STRING, 0, 4, 20000, "WebIdentityToken", "", "", "", "", "", "")
PARAM(SUBJECT_GCP, SUBJECT, BODY, STRING, 0, 0, 0, "subjectToken", "", "", "", "", "", "")
PARAM(JWT, SUBJECT, BODY, STRING, 0, 0, 0, "jwt", "", "", "", "", "", "")

/* OAuth */
PARAM(SUBJECT_TYPE, USER, BODY, STRING, 0, 0, 0, "subject_token_type", "", TOKEN_TYPE "jwt", "", "", "",
      "kind of the subject token; some servers want ...:id_token or ...:access_token")
PARAM(AUDIENCE, USER, BODY, STRING, STS_PARAMETER_REPEATS, 0, 0, "audience", "", "", "", "", "", "name of the service that the new token is for (--audience)")
PARAM(RESOURCE, USER, BODY, STRING, STS_PARAMETER_REPEATS, 0, 0, "resource", "", "", "", "", "", "URI of the service that the new token is for (--resource)")
PARAM(SCOPE, USER, BODY, WORDS, STS_PARAMETER_REPEATS, 0, 0, "scope", "", "", "", "", "", "rights that the new token shall have (--scope)")
PARAM(REQUESTED_TYPE, USER, BODY, STRING, 0, 0, 0, "requested_token_type", "", "", "", "", "", "kind of the new token (--requested-token-type)")
PARAM(ACTOR, USER, BODY, STRING, 0, 0, 0, "actor_token", "", "", "", "", "", "token of whoever acts for the subject (--actor-token-file)")
PARAM(ACTOR_TYPE, USER, BODY, STRING, STS_PARAMETER_WITH_PREVIOUS, 0, 0, "actor_token_type", "", TOKEN_TYPE "jwt", "", "", "",
      "kind of the actor token")
PARAM(CLIENT_ID, USER, BODY, STRING, 0, 0, 0, "client_id", "", "", "", "", "", "the client, as the server knows it (--client-id)")

/* Anthropic, OpenAI */
PARAM(BETA, FIXED, HEADER, STRING, 0, 0, 0, "anthropic-beta", "", "oauth-2025-04-20,oidc-federation-2026-04-01", "", "", "", "")
PARAM(RULE, USER, BODY, STRING, 0, 0, 0, "federation_rule_id", "", "", "ANTHROPIC_FEDERATION_RULE_ID", "", "_-", "the federation rule, fdrl_...")
PARAM(ORGANIZATION, USER, BODY, STRING, 0, 0, 0, "organization_id", "", "", "ANTHROPIC_ORGANIZATION_ID", "", "_-", "the organization's UUID")
PARAM(ACCOUNT, USER, BODY, STRING, 0, 0, 0, "service_account_id", "", "", "ANTHROPIC_SERVICE_ACCOUNT_ID", "", "_-", "the service account that the token is for, svac_...")
PARAM(WORKSPACE, USER, BODY, STRING, 0, 0, 0, "workspace_id", "", "", "ANTHROPIC_WORKSPACE_ID", "", "_-",
      "the workspace, wrkspc_... or default, where the rule has several")
PARAM(IDENTITY_PROVIDER, USER, BODY, STRING, 0, 0, 0, "identity_provider_id", "", "", "", "", "", "the identity provider, as the organization's settings show it")
PARAM(OPENAI_ACCOUNT, USER, BODY, STRING, 0, 0, 0, "service_account_id", "", "", "", "", "", "the service account that the token is for")

/* Microsoft Entra */
PARAM(TENANT, USER, URL, STRING, 0, 0, 0, "tenant", "", "", "AZURE_TENANT_ID", "", ".-", "ID of the directory, or one of its domains")
PARAM(AUTHORITY, USER, URL, STRING, 0, 0, 0, "authority", "", "https://login.microsoftonline.com", "AZURE_AUTHORITY_HOST", "https://*", ":/.-",
      "login server of the cloud")
PARAM(ENTRA_CLIENT, USER, BODY, STRING, 0, 0, 0, "client_id", "", "", "AZURE_CLIENT_ID", "", "-", "ID of the application or managed identity (--client-id)")
PARAM(ENTRA_SCOPE, USER, BODY, STRING, 0, 0, 0, "scope", "", "", "", "*/.default", "", "the resource, then /.default (--scope)")

/* AWS */
PARAM(REGION, USER, URL, STRING, 0, 0, 0, "region", "", "", "AWS_REGION", "", "-", "whose STS is asked, such as eu-central-1")
PARAM(ACTION, FIXED_BODY, "Action", "", "AssumeRoleWithWebIdentity", "", "", "", "")
PARAM(VERSION, FIXED_BODY, "Version", "", "2011-06-15", "", "", "", "")
PARAM(ROLE_ARN, USER, BODY, STRING, 0, 20, 2048, "role-arn", "RoleArn", "", "AWS_ROLE_ARN", "arn:*", ":/+=,.@_-", "ARN of the role to assume")
PARAM(SESSION, USER, BODY, STRING, 0, 2, 64, "role-session-name", "RoleSessionName", "sts-sidecar", "AWS_ROLE_SESSION_NAME", "", "_+=,.@-",
      "name of the session in CloudTrail")
PARAM(DURATION, USER, BODY, NUMBER, 0, 900, 43200, "duration-seconds", "DurationSeconds", "", "", "", "", "life of the credentials in seconds; the role's own maximum is the limit")
PARAM(POLICY, USER, BODY, STRING, 0, 1, 2048, "policy", "Policy", "", "", "", "", "session policy in JSON: takes away from what the role may")
PARAM(POLICY_ARN, USER, BODY, NUMBERED, STS_PARAMETER_REPEATS, 20, 2048, "policy-arn", "PolicyArns.member.#.arn", "", "", "arn:*", ":/+=,.@_-",
      "ARN of a managed policy that does the same")

/* Google Cloud */
PARAM(GRANT_GCP, FIXED_BODY, "grantType", "", OAUTH "grant-type:token-exchange", "", "", "", "")
PARAM(POOL, USER, BODY, STRING, 0, 0, 0, "audience", "", "", "", "//iam.googleapis.com/*", "/._-", "full name of the workload identity provider (--audience)")
PARAM(GCP_SCOPE, USER, BODY, WORDS, STS_PARAMETER_REPEATS, 0, 0, "scope", "", CLOUD, "", "", "", "rights that the new token shall have (--scope)")
PARAM(REQUESTED_GCP, FIXED_BODY, "requestedTokenType", "", TOKEN_TYPE "access_token", "", "", "", "")
PARAM(SUBJECT_TYPE_GCP, USER, BODY, STRING, 0, 0, 0, "subject_token_type", "subjectTokenType", TOKEN_TYPE "jwt", "", "", "", "kind of the subject token; ...:id_token is taken as well")
PARAM(EMAIL, USER, URL, STRING, 0, 0, 0, "service-account", "", "", "", "*.gserviceaccount.com", "@.-", "email address of the service account")
PARAM(SCOPES, USER, BODY, LIST, STS_PARAMETER_REPEATS, 0, 0, "scope", "", CLOUD, "", "", "", "rights that the new token shall have (--scope)")
PARAM(LIFETIME, USER, BODY, SECONDS, 0, 1, 43200, "lifetime", "", "", "", "", "",
      "life of the token, such as 600s; over 3600s only where a policy of the organization allows it")
PARAM(ONE_AUDIENCE, USER, BODY, STRING, 0, 0, 0, "audience", "", "", "", "", "", "the service that the token is for, such as its URL (--audience)")
PARAM(INCLUDE_EMAIL, FIXED, BODY, RAW, 0, 0, 0, "includeEmail", "", "true", "", "", "", "")

/* Vault */
PARAM(ADDRESS, USER, URL, STRING, 0, 0, 0, "address", "", "", "VAULT_ADDR", "http*", ":/._-[]", "URL of the server, such as https://vault:8200")
PARAM(MOUNT, USER, URL, STRING, 0, 0, 0, "mount", "", "jwt", "", "", "/._-", "path of the auth method")
PARAM(ROLE, USER, BODY, STRING, 0, 0, 0, "role", "", "", "", "", "", "role to log in with; needed where the mount has no default_role")
PARAM(NAMESPACE, USER, HEADER, STRING, 0, 0, 0, "namespace", "X-Vault-Namespace", "", "VAULT_NAMESPACE", "", "/._-", "namespace, in Vault Enterprise and OpenBao")

/* octo-sts */
PARAM(REPOSITORY, USER, QUERY, STRING, 0, 0, 0, "scope", "", "", "", "", "/._-", "repository, OWNER/REPO, or OWNER for the organization's policy (--scope)")
PARAM(IDENTITY, USER, QUERY, STRING, 0, 0, 0, "identity", "", "", "", "", "/._-", "name of the trust policy")
#undef FIXED_BODY
#endif

#ifdef ROW
#define FILES  STS_WRITE_TOKEN | STS_WRITE_EXPIRES
#define CREDS  "/AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials"
#define GOOGLE "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{service-account}:generate"
#define OAUTH_ANSWER "", "/access_token", "/expires_in", "", "", ""

ROW(NONE, STS_PROTOCOL_POLL, ABSOLUTE, 0, FILES | STS_WRITE_THUMBPRINT,
    "openunison", "OpenUnison's STS", "GET", "", "",
    "/token", "/jwt", "/expires", "/thumbprint", "", "", P_BEARER)
ROW(FORM, STS_PROTOCOL_ANY_PARAMETER | STS_PROTOCOL_CLIENT_AUTH, LIFETIME, 0, FILES,
    "token-exchange", "OAuth 2.0 Token Exchange, RFC 8693: Keycloak, authentik, Databricks, Dex", "POST", "", "", OAUTH_ANSWER,
    P_GRANT_EXCHANGE, P_SUBJECT, P_SUBJECT_TYPE, P_AUDIENCE, P_RESOURCE, P_SCOPE, P_REQUESTED_TYPE, P_ACTOR, P_ACTOR_TYPE)
ROW(FORM, STS_PROTOCOL_ANY_PARAMETER | STS_PROTOCOL_CLIENT_AUTH, LIFETIME, 0, FILES,
    "jwt-bearer", "OAuth 2.0 with the subject token as the grant, RFC 7523 section 2.1", "POST", "", "", OAUTH_ANSWER,
    P_GRANT_BEARER, P_ASSERTION, P_AUDIENCE, P_RESOURCE, P_SCOPE)
ROW(JSON, STS_PROTOCOL_SINGLE_USE, LIFETIME, 0, FILES,
    "anthropic", "Claude API: workload identity federation", "POST",
    "https://api.anthropic.com/v1/oauth/token", "ANTHROPIC_IDENTITY_TOKEN_FILE", OAUTH_ANSWER,
    P_BETA, P_GRANT_BEARER, P_ASSERTION_16K, MUST P_RULE, MUST P_ORGANIZATION, P_ACCOUNT, P_WORKSPACE)
ROW(JSON, STS_PROTOCOL_ANY_PARAMETER, LIFETIME, 0, FILES,
    "openai", "OpenAI API: token exchange", "POST", "https://auth.openai.com/oauth/token", "", OAUTH_ANSWER,
    P_GRANT_EXCHANGE, P_SUBJECT, P_SUBJECT_TYPE, MUST P_IDENTITY_PROVIDER, MUST P_OPENAI_ACCOUNT)
ROW(FORM, STS_PROTOCOL_ANY_PARAMETER | STS_PROTOCOL_FINAL, LIFETIME, 0, FILES,
    "client-assertion", "OAuth 2.0 client credentials with the subject token, RFC 7523 section 2.2", "POST", "", "",
    OAUTH_ANSWER, P_GRANT_CLIENT, P_CLIENT_ID, P_SCOPE, P_ASSERTION_TYPE, P_CLIENT_ASSERTION, P_AUDIENCE, P_RESOURCE)
ROW(FORM, 0, LIFETIME, 0, FILES,
    "entra", "Microsoft Entra: a federated credential of an application", "POST",
    "{authority}/{tenant}/oauth2/v2.0/token", "AZURE_FEDERATED_TOKEN_FILE", OAUTH_ANSWER,
    P_AUTHORITY, MUST P_TENANT, P_GRANT_CLIENT, MUST P_ENTRA_CLIENT, MUST P_ENTRA_SCOPE, P_ASSERTION_TYPE, P_CLIENT_ASSERTION)
ROW(FORM, STS_PROTOCOL_XML, ABSOLUTE, 0, STS_WRITE_AWS_CREDENTIALS | STS_WRITE_EXPIRES,
    "aws", "AWS STS (and MinIO, Ceph): AssumeRoleWithWebIdentity", "POST",
    "https://sts.{region}.amazonaws.com/", "AWS_WEB_IDENTITY_TOKEN_FILE",
    CREDS, "/SessionToken", "/Expiration", "", "/AccessKeyId", "/SecretAccessKey",
    MUST P_REGION, P_ACTION, P_VERSION, MUST P_ROLE_ARN, MUST P_SESSION, P_WEB_IDENTITY, P_DURATION, P_POLICY, P_POLICY_ARN)
ROW(JSON, 0, LIFETIME, 0, FILES,
    "gcp", "Google Cloud: workload identity federation", "POST",
    "https://sts.googleapis.com/v1/token", "", OAUTH_ANSWER,
    P_GRANT_GCP, MUST P_POOL, P_GCP_SCOPE, P_REQUESTED_GCP, P_SUBJECT_GCP, P_SUBJECT_TYPE_GCP)
ROW(JSON, 0, ABSOLUTE, 0, FILES,
    "gcp-impersonate", "Google Cloud: access token of a service account, after gcp",     "POST", GOOGLE "AccessToken", "", "", "/accessToken", "/expireTime", "", "", "",
    P_BEARER, MUST P_EMAIL, P_SCOPES, P_LIFETIME)
ROW(JSON, 0, ABSOLUTE, 3600, FILES,
    "gcp-id-token", "Google Cloud: ID token of a service account, after gcp", "POST",
    GOOGLE "IdToken", "", "", "/token", "", "", "", "", P_BEARER, MUST P_EMAIL, MUST P_ONE_AUDIENCE, P_INCLUDE_EMAIL)
ROW(JSON, 0, LIFETIME, 0, FILES,
    "vault", "Vault and OpenBao: login with jwt or kubernetes", "POST",
    "{address}/v1/auth/{mount}/login", "", "/auth", "/client_token", "/lease_duration", "", "", "",
    MUST P_ADDRESS, P_MOUNT, P_NAMESPACE, P_ROLE, P_JWT)
ROW(NONE, 0, LIFETIME, 3600, FILES,
    "octo-sts", "GitHub tokens of a GitHub App", "GET", "https://octo-sts.dev/sts/exchange", "",
    "", "/token", "", "", "", "", P_BEARER, MUST P_REPOSITORY, MUST P_IDENTITY)
ROW(FORM, STS_PROTOCOL_ANY_PARAMETER | STS_PROTOCOL_CLIENT_AUTH | STS_PROTOCOL_OPEN, LIFETIME, 0, FILES,
    "custom", "anything else: --method, --subject-in, --body, --token-field, --expiry-field", "POST", "", "",
    OAUTH_ANSWER, P_BEARER, P_AUDIENCE, P_RESOURCE, P_SCOPE)
#undef FILES
#undef CREDS
#undef GOOGLE
#undef OAUTH_ANSWER
#endif
/* clang-format on */
