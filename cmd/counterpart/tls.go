package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
)

const tlsCategory = "TLS"

func tlsFlags() []cli.Flag {
	flag := func(name, usage string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Sources: env(name), Category: tlsCategory}
	}
	return []cli.Flag{
		flag("tls-cert", "serve https with the certificate (chain) in the PEM `FILE`"),
		flag("tls-key", "the key of --tls-cert, in the PEM `FILE`"),
		&cli.BoolFlag{Name: "tls-self-signed", Usage: "serve https with a certificate made now, for localhost and the address of --listen, and print its fingerprint", Sources: env("tls-self-signed"), Category: tlsCategory},
		flag("tls-ca-out", "write the authority that vouches for --tls-self-signed to the PEM `FILE`: what a client must trust"),
		flag("client-ca", "take only clients that an authority in the PEM `FILE` vouches for (mutual TLS)"),
	}
}

// serverTLS is what the flags ask for; nil is plain http.
func serverTLS(c *cli.Command) (*tls.Config, error) {
	certificate, err := serverCertificate(c)
	if err != nil || certificate == nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	if file := c.String("client-ca"); file != "" {
		if config.ClientCAs, err = authorities(file); err != nil {
			return nil, fmt.Errorf("--client-ca: %w", err)
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// serverCertificate is nil when no flag asks for one.
func serverCertificate(c *cli.Command) (*tls.Certificate, error) {
	cert, key, made := c.String("tls-cert"), c.String("tls-key"), c.Bool("tls-self-signed")
	switch {
	case made && cert+key != "":
		return nil, usageError(c, "--tls-self-signed makes the certificate that --tls-cert and --tls-key would name: give one or the other")
	case (cert == "") != (key == ""):
		return nil, usageError(c, "--tls-cert and --tls-key belong together")
	case !made && c.String("tls-ca-out") != "":
		return nil, usageError(c, "--tls-ca-out is for --tls-self-signed")
	case made:
		return selfSigned(c)
	case cert != "":
		return keyPair(cert, key)
	case c.String("client-ca") != "":
		return nil, usageError(c, "--client-ca needs --tls-cert and --tls-key, or --tls-self-signed")
	}
	return nil, nil
}

func keyPair(cert, key string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate %s and its key %s: %w", cert, key, err)
	}
	return &pair, nil
}

// authorities reads the certificates of a PEM file.
func authorities(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return pool, nil
}

// fingerprint is how tools print the one of a certificate: SHA-256 over its DER form.
func fingerprint(certificate *tls.Certificate) string {
	sum := sha256.Sum256(certificate.Certificate[0])
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// selfSignedTime is for how long a made certificate holds: longer than a process lives, and what clients still take
// (398 days, CA/Browser Forum Baseline Requirements, section 6.3.2).
const selfSignedTime = 397 * 24 * time.Hour

// selfSigned makes an authority, which signs one certificate and is then forgotten.
func selfSigned(c *cli.Command) (*tls.Certificate, error) {
	ca, caKey, err := signed(authorityTemplate(), nil, nil)
	if err != nil {
		return nil, err
	}
	leaf, key, err := signed(leafTemplate(c.String("listen")), ca, caKey)
	if err != nil {
		return nil, err
	}
	if file := c.String("tls-ca-out"); file != "" {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
		if err := os.WriteFile(file, text, 0o644); err != nil { // public by nature
			return nil, fmt.Errorf("--tls-ca-out: %w", err)
		}
	}
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw, ca.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// signed makes a key and a certificate for it; a nil parent signs itself.
func signed(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}

func authorityTemplate() *x509.Certificate {
	t := template("counterpart, an authority for one run")
	t.IsCA, t.BasicConstraintsValid, t.MaxPathLenZero = true, true, true
	t.KeyUsage = x509.KeyUsageCertSign
	return t
}

func leafTemplate(listen string) *x509.Certificate {
	t := template("counterpart")
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	t.DNSNames, t.IPAddresses = certifiedHosts(listen)
	return t
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) // crypto/rand never fails
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(selfSignedTime), // clocks differ
	}
}

// certifiedHosts are this machine's names for itself, and the host that it is told to listen on.
func certifiedHosts(listen string) (names []string, ips []net.IP) {
	names, ips = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	host, _, _ := net.SplitHostPort(listen)
	switch ip := net.ParseIP(host); {
	case ip != nil && !ip.IsUnspecified():
		ips = append(ips, ip)
	case ip == nil && host != "":
		names = append(names, host)
	}
	return names, ips
}

// clientTLS reads --ca, --client-cert and --client-key; both results may be nil.
func clientTLS(c *cli.Command) (trusted *x509.CertPool, shown *tls.Certificate, err error) {
	if file := c.String("ca"); file != "" {
		if trusted, err = authorities(file); err != nil {
			return nil, nil, fmt.Errorf("--ca: %w", err)
		}
	}
	cert, key := c.String("client-cert"), c.String("client-key")
	if (cert == "") != (key == "") {
		return nil, nil, errors.New("--client-cert and --client-key belong together")
	}
	if cert != "" {
		shown, err = keyPair(cert, key)
	}
	return trusted, shown, err
}
