package main

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secured starts "counterpart serve" with TLS, and returns where it listens and what it said of its certificate.
func secured(t *testing.T, args ...string) (url, certificate string) {
	t.Helper()
	cmd, _, _ := counterpartProgram(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	url, stdout := listening(t, cmd)
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	line, err := stdout.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return url, strings.TrimPrefix(strings.TrimSpace(line), "certificate SHA-256 ")
}

// ask calls the server over HTTP/2 and returns the fingerprint of the certificate that it showed.
func ask(t *testing.T, url string, config *tls.Config) (shown string, err error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(url + "/_counterpart/health")
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 {
		t.Errorf("%s over %s", response.Status, response.Proto)
	}
	return fingerprint(&tls.Certificate{Certificate: [][]byte{response.TLS.PeerCertificates[0].Raw}}), nil
}

func pool(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	trusted, err := authorities(file)
	if err != nil {
		t.Fatal(err)
	}
	return trusted
}

func TestASelfSignedCertificateIsTrustedThroughItsAuthority(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	url, said := secured(t, "--tls-self-signed", "--tls-ca-out", ca)
	shown, err := ask(t, url, &tls.Config{RootCAs: pool(t, ca)})
	if err != nil || shown != said {
		t.Errorf("showed %s, said %s (%v)", shown, said, err)
	}
	if _, err := ask(t, url, nil); err == nil {
		t.Error("a client that does not trust the authority was served")
	}
	if _, err := ask(t, url, &tls.Config{RootCAs: pool(t, ca), MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was served")
	}
}

// written is a certificate and its key as files.
type written struct{ cert, key string }

func TestMutualTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	authority := issue(t, dir, "authority", authorityTemplate(), nil)
	clientTemplate := leafTemplate("client:0")
	clientTemplate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	client := issue(t, dir, "client", clientTemplate, &authority)
	server := issue(t, dir, "server", leafTemplate("127.0.0.1:0"), &authority)

	url, _ := secured(t, "--tls-cert", server.cert, "--tls-key", server.key, "--client-ca", authority.cert)
	trusted := pool(t, authority.cert)
	if _, err := ask(t, url, &tls.Config{RootCAs: trusted}); err == nil {
		t.Error("a client without a certificate was served")
	}
	stranger := issue(t, dir, "stranger", authorityTemplate(), nil)
	for _, tc := range []struct {
		who    written
		served bool
	}{{client, true}, {stranger, false}} {
		pair, err := keyPair(tc.who.cert, tc.who.key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ask(t, url, &tls.Config{RootCAs: trusted, Certificates: []tls.Certificate{*pair}}); (err == nil) != tc.served {
			t.Errorf("%s: %v", tc.who.cert, err)
		}
	}
	verify, stdout, stderr := counterpartProgram(t, "verify", url, "--ca", authority.cert, "--client-cert", client.cert, "--client-key", client.key, "--phase", "examples")
	if err := verify.Run(); err != nil {
		t.Errorf("verify with a certificate: %v\n%s%s", err, stdout, stderr)
	}
}

// issue makes a certificate, signed by parent or by itself, and writes it and its key.
func issue(t *testing.T, dir, name string, template *x509.Certificate, parent *written) written {
	t.Helper()
	var by *x509.Certificate
	var byKey *ecdsa.PrivateKey
	if parent != nil {
		pair, err := keyPair(parent.cert, parent.key)
		if err != nil {
			t.Fatal(err)
		}
		by, byKey = pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)
	}
	w := written{filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")}
	certificate, key, err := signed(template, by, byKey)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{w.cert: {Type: "CERTIFICATE", Bytes: certificate.Raw}, w.key: {Type: "PRIVATE KEY", Bytes: encoded}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}
