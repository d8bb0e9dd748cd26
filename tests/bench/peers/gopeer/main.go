// SPDX-License-Identifier: Apache-2.0

// A sidecar in Go, with the libraries of the program that `sts-sidecar exchange` replaces: cobra, zap
// and net/http. It sends the token with a GET, writes the answer's files in place, and sleeps in a
// loop. It was written for the benchmark alone.
//
//	gopeer exchange [--single-run] [--cacert-path FILE] TOKEN_FILE URL DIRECTORY
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
)

type options struct {
	singleRun            bool
	caPath               string
	secondsBetweenRuns   int
	minutesBeforeRefresh int
	token, url, folder   string
}

type answer struct {
	Token struct {
		Expires    string `json:"expires"`
		JWT        string `json:"jwt"`
		Thumbprint string `json:"thumbprint"`
	} `json:"token"`
}

func client(caPath string) (*http.Client, error) {
	config := &tls.Config{}
	if caPath != "" {
		pem, err := os.ReadFile(caPath)
		if err != nil {
			return nil, err
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate", caPath)
		}
		config.RootCAs = roots
	}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: config}}, nil
}

func get(o *options, url string, into any) error {
	token, err := os.ReadFile(o.token)
	if err != nil {
		return err
	}
	http_, err := client(o.caPath)
	if err != nil {
		return err
	}
	defer http_.CloseIdleConnections()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	response, err := http_.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
		return fmt.Errorf("unexpected status %d: %s", response.StatusCode, text)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func exchange(o *options) error {
	var a answer
	if err := get(o, o.url, &a); err != nil {
		return err
	}
	if a.Token.JWT == "" || a.Token.Expires == "" {
		return fmt.Errorf("the answer has no token")
	}
	for name, text := range map[string]string{"token.jwt": a.Token.JWT, "expires": a.Token.Expires, "thumbprint": a.Token.Thumbprint} {
		if err := os.WriteFile(filepath.Join(o.folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Is a new token wanted: is there none, or does it expire soon, or has the signing certificate changed?
func wanted(o *options, log *zap.Logger) bool {
	text, err := os.ReadFile(filepath.Join(o.folder, "expires"))
	if err != nil {
		return true
	}
	at, err := time.Parse(time.RFC3339, string(text))
	if err != nil || time.Until(at) <= time.Duration(o.minutesBeforeRefresh)*time.Minute {
		return true
	}
	thumbprint, err := os.ReadFile(filepath.Join(o.folder, "thumbprint"))
	if err != nil {
		return false
	}
	var now struct {
		Thumbprint string `json:"thumbprint"`
	}
	if err := get(o, strings.TrimSuffix(o.url, "/token/user")+"/sig-cert", &now); err != nil {
		log.Error("the certificate cannot be read", zap.Error(err))
		return false
	}
	return now.Thumbprint != string(thumbprint)
}

func maintain(o *options, log *zap.Logger) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1)
	for {
		if wanted(o, log) {
			if err := exchange(o); err != nil {
				log.Error("the exchange failed", zap.Error(err))
			} else {
				log.Info("token written", zap.String("directory", o.folder))
			}
		}
		select {
		case <-signals:
			return
		case <-time.After(time.Duration(o.secondsBetweenRuns) * time.Second):
		}
	}
}

func main() {
	log, err := zap.NewProduction()
	if err != nil {
		os.Exit(1)
	}
	defer log.Sync()
	o := &options{}
	root := &cobra.Command{Use: "gopeer", SilenceUsage: true}
	command := &cobra.Command{
		Use:  "exchange TOKEN_FILE URL DIRECTORY",
		Args: cobra.MinimumNArgs(3),
		RunE: func(_ *cobra.Command, args []string) error {
			o.token, o.url, o.folder = args[0], args[1], args[2]
			if err := os.MkdirAll(o.folder, 0o755); err != nil {
				return err
			}
			if o.singleRun {
				return exchange(o)
			}
			maintain(o, log)
			return nil
		},
	}
	command.Flags().BoolVar(&o.singleRun, "single-run", false, "exchange once")
	command.Flags().StringVar(&o.caPath, "cacert-path", "", "file with CA certificates, in addition to those of the system")
	command.Flags().IntVar(&o.secondsBetweenRuns, "seconds-between-runs", 30, "seconds between two looks")
	command.Flags().IntVar(&o.minutesBeforeRefresh, "minutes-before-refresh", 5, "minutes before the expiry")
	root.AddCommand(command)
	if root.Execute() != nil {
		os.Exit(1)
	}
}
