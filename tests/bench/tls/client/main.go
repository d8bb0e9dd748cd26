// SPDX-License-Identifier: Apache-2.0

// The exchange of `sts-sidecar fetch` with Go's net/http, for tests/bench/tls.py.
//
//	client URL CA_FILE TOKEN_FILE DIRECTORY
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A file is written beside its place and renamed.
func write(folder, name, text string) {
	path := filepath.Join(folder, name)
	check(os.WriteFile(path+".new", []byte(text), 0o600))
	check(os.Rename(path+".new", path))
}

func main() {
	ca, err := os.ReadFile(os.Args[2])
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	token, err := os.ReadFile(os.Args[3])
	check(err)
	client := http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
	}
	answer, err := client.PostForm(os.Args[1], url.Values{
		"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token":      {string(token)},
		"subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"},
		"audience":           {"bench"},
	})
	check(err)
	defer answer.Body.Close()
	var fields struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	check(json.NewDecoder(answer.Body).Decode(&fields))
	if answer.StatusCode != 200 || fields.AccessToken == "" {
		log.Fatal(answer.Status)
	}
	expires := time.Now().Add(time.Duration(fields.ExpiresIn) * time.Second).UTC()
	write(os.Args[4], "expires", expires.Format(time.RFC3339))
	write(os.Args[4], "token.jwt", fields.AccessToken)
}
