// SPDX-License-Identifier: Apache-2.0

// Go's own HTTP over TLS, as a client and as a server of ours: its net/http shares no line with OpenSSL.
//
//	tls_peer get URL CA [CERTIFICATE KEY]   prints the version, the protocol, and the answer
//	tls_peer serve CERTIFICATE KEY CA       prints its port, then the names of each client
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func authority(path string) *x509.CertPool {
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(path)
	must(err)
	pool.AppendCertsFromPEM(pem)
	return pool
}

func get(url, ca string, own []string) {
	config := &tls.Config{RootCAs: authority(ca)}
	if len(own) == 2 {
		pair, err := tls.LoadX509KeyPair(own[0], own[1])
		must(err)
		config.Certificates = []tls.Certificate{pair}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	for i := 0; i < 3; i++ {
		answer, err := client.Get(url)
		must(err)
		body, err := io.ReadAll(answer.Body)
		must(err)
		answer.Body.Close()
		fmt.Println(tls.VersionName(answer.TLS.Version), answer.Proto, answer.StatusCode, len(body))
	}
}

func serve(certificate, key, ca string) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: authority(ca),
			ClientAuth: tls.RequireAndVerifyClientCert},
		Handler: http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
			fmt.Println(request.TLS.PeerCertificates[0].DNSNames, request.Proto, request.URL.Path)
			io.WriteString(writer, "{}")
		}),
	}
	must(server.ServeTLS(listener, "", ""))
}

func main() {
	if os.Args[1] == "get" {
		get(os.Args[2], os.Args[3], os.Args[4:])
	} else {
		serve(os.Args[2], os.Args[3], os.Args[4])
	}
}
