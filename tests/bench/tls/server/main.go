// SPDX-License-Identifier: Apache-2.0

// An STS that answers every request, for tests/bench: /token with the same token, /NAME/token/user and
// /NAME/sig-cert as OpenUnison, and /count with the number of requests before. It serves each
// certificate at TLS 1.2 alone and at 1.3 alone, and without TLS. It prints the ports, one a line.
package main

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

var count atomic.Int64

const thumbprint = "5F0C2D8E7A6B43190CD2E4F86A7B9C1D3E5F708192A3B4C5D6E7F8091A2B3C4D"

func openunison(now time.Time) string {
	expires := now.Add(time.Hour)
	part := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"iss":"https://localhost","aud":"bench","sub":"k8s:shop:cart","iat":%d,"nbf":%d,"exp":%d,"jti":"%d","namespace":"shop"}`,
		now.Unix(), now.Unix()-60, expires.Unix(), count.Load())
	token := part([]byte(`{"alg":"RS256","kid":"bench"}`)) + "." + part([]byte(claims)) + "." + part(make([]byte, 256))
	return fmt.Sprintf(`{"displayName":"k8s:shop:cart","token":{"expires":"%s","jwt":"%s","thumbprint":"%s"}}`,
		expires.UTC().Format(time.RFC3339), token, thumbprint)
}

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
			if r.URL.Path == "/count" {
				fmt.Fprintln(w, count.Load())
				return
			}
			count.Add(1)
			if strings.HasSuffix(r.URL.Path, "/token/user") {
				io.WriteString(w, openunison(time.Now()))
			} else if strings.HasSuffix(r.URL.Path, "/sig-cert") {
				io.WriteString(w, `{"thumbprint":"`+thumbprint+`"}`)
			} else {
				io.WriteString(w, answer)
			}
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
