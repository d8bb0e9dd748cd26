// SPDX-License-Identifier: Apache-2.0

// Servers of Go's crypto/tls on loopback, one for each configuration of the JSON file that is named by the first argument. It prints
// "NAME PORT" for each and then "ready".
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
)

type config struct {
	Name, Certificate, Key, Client, ClientCA string
	Low, High                                uint16
	Groups                                   []tls.CurveID
	Suites                                   []uint16
}

func serve(listener net.Listener, settings *tls.Config) {
	for {
		raw, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			connection := tls.Server(raw, settings)
			defer connection.Close()
			if err := connection.Handshake(); err != nil {
				log.Print(err)
				return
			}
			if _, err := bufio.NewReader(connection).ReadString('\n'); err == nil {
				fmt.Fprint(connection, "HTTP/1.0 200 OK\r\n\r\nhello\n")
			}
		}()
	}
}

func settings(c config) *tls.Config {
	pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		log.Fatal(err)
	}
	made := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: c.Low, MaxVersion: c.High, CurvePreferences: c.Groups,
		NextProtos: []string{"http/1.1"}}
	if len(c.Suites) > 0 { // an empty list would be no suite
		made.CipherSuites = c.Suites
	}
	if c.Client != "" {
		ca, err := os.ReadFile(c.ClientCA)
		if err != nil {
			log.Fatal(err)
		}
		made.ClientCAs = x509.NewCertPool()
		made.ClientCAs.AppendCertsFromPEM(ca)
		made.ClientAuth = tls.VerifyClientCertIfGiven
		if c.Client == "required" {
			made.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	return made
}

func main() {
	var configs []config
	text, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = json.Unmarshal(text, &configs)
	}
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range configs {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(c.Name, listener.Addr().(*net.TCPAddr).Port)
		go serve(listener, settings(c))
	}
	fmt.Println("ready")
	select {}
}
