// SPDX-License-Identifier: Apache-2.0

// An STS that answers every request with the same token, for tests/bench/tls.py. It serves each
// certificate at TLS 1.2 alone and at 1.3 alone, and without TLS. It prints the ports, one a line.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
)

func serve(certificate string, version uint16) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	answer := fmt.Sprintf(`{"access_token":"%s","issued_token_type":"urn:ietf:params:oauth:token-type:jwt","token_type":"Bearer","expires_in":3600}`,
		strings.Repeat("t", 800))
	server := &http.Server{
		ErrorLog:  log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{MinVersion: version, MaxVersion: version},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, answer)
		}),
	}
	if version == 0 {
		go server.Serve(listener)
	} else {
		go server.ServeTLS(listener, certificate+".crt", certificate+".key")
	}
}

func main() {
	serve("", 0)
	for _, certificate := range os.Args[1:] {
		serve(certificate, tls.VersionTLS12)
		serve(certificate, tls.VersionTLS13)
	}
	io.Copy(io.Discard, os.Stdin) // until the benchmark ends
}
