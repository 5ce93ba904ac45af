package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/contract"
)

// maxToken bounds a token file, in bytes.
const maxToken = 64 << 10

// targetFlags are those of every command that sends requests to a server. There are none for keys: the command line
// stands in the list of processes, which every user of the machine may read.
func targetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "token", Usage: "send `TOKEN` as X-Auth-Token; others on the machine can read it on the command line, but not in the variable", Sources: env("token")},
		&cli.StringFlag{Name: "token-file", Usage: "send what `FILE` holds as X-Auth-Token", Sources: env("token-file")},
		&cli.StringFlag{Name: "auth-header", Usage: "send the header `'NAME: VALUE'`, whose value no report shows; on the command line others on the machine can read it, but not in the variable", Sources: env("auth-header")},
		&cli.GenericFlag{Name: "header", Usage: "send the header `'NAME: VALUE'` with every request (repeat it; in the variable, a line each)", Value: &headerList{}, Sources: env("header")},
		&cli.BoolFlag{Name: "insecure", Usage: "let credentials travel without encryption to other machines", Sources: env("insecure")},
		&cli.FloatFlag{Name: "rate", Usage: "send at most `N` requests a second, evenly spaced; 0 sets no limit", Sources: env("rate"), Validator: validRate},
		&cli.StringFlag{Name: "ca", Usage: "trust the authorities in the PEM `FILE` to vouch for an https target, and no others", Sources: env("ca")},
		&cli.StringFlag{Name: "client-cert", Usage: "show the certificate in the PEM `FILE` to an https target that asks for one", Sources: env("client-cert")},
		&cli.StringFlag{Name: "client-key", Usage: "the key of --client-cert, in the PEM `FILE`", Sources: env("client-key")},
	}
}

// withCredentials adds to a command's description how requests are signed.
func withCredentials(description string) string {
	return fmt.Sprintf("%s\n\nRequests are signed with the access key in %s and %s (and %s, for a temporary key) where these variables are set.",
		description, contract.AccessVariable, contract.SecretVariable, contract.SecurityTokenVariable)
}

func validRate(rate float64) error {
	if rate >= 0 && !math.IsInf(rate, 1) {
		return nil
	}
	return errors.New("use a number from 0")
}

// openTarget is the server at a URL as the flags of [targetFlags] want it called.
func openTarget(c *cli.Command, url string) (contract.Target, error) {
	who, err := credentials(c)
	if err != nil {
		return nil, err
	}
	trusted, shown, err := clientTLS(c)
	if err != nil {
		return nil, usageError(c, "%w", err)
	}
	target, err := contract.URLWith(url, contract.URLOptions{RootCAs: trusted, Certificate: shown, Insecure: who.Insecure})
	if err == nil {
		err = who.Allowed(target)
	}
	if err != nil {
		return nil, usageError(c, "%w", err)
	}
	return contract.WithPace(contract.WithCredentials(contract.WithHeaders(target, headers(c)...), who, nil), pace(c)), nil
}

// headerList is the value of a flag that can be repeated. A list of the flag library would be cut at the commas in it.
type headerList struct{ headers []contract.Header }

// Set takes one header a line.
func (l *headerList) Set(text string) error {
	for line := range strings.Lines(text) {
		h, err := contract.ParseHeader(line)
		if err != nil {
			return err
		}
		l.headers = append(l.headers, h)
	}
	return nil
}

func (l *headerList) String() string { return "" } // headers are not for the help page

// Get is the headers.
func (l *headerList) Get() any { return l.headers }

func headers(c *cli.Command) []contract.Header {
	list, _ := c.Generic("header").(*headerList)
	if list == nil {
		return nil
	}
	return list.headers
}

func pace(c *cli.Command) contract.Pace { return contract.Pace{Rate: c.Float("rate")} }

// credentials are those of the flags and the environment. It is an error when they are half of something, or when
// there are two: which of them is meant is not for the program to guess.
func credentials(c *cli.Command) (contract.Credentials, error) {
	who := contract.Credentials{
		Access:        os.Getenv(contract.AccessVariable),
		Secret:        os.Getenv(contract.SecretVariable),
		SecurityToken: os.Getenv(contract.SecurityTokenVariable),
		Insecure:      c.Bool("insecure"),
	}
	var err error
	if who.Token, err = tokenOf(c, "token"); err != nil {
		return contract.Credentials{}, usageError(c, "%w", err)
	}
	if text := c.String("auth-header"); text != "" {
		if who.AuthHeader, err = contract.ParseHeader(text); err != nil {
			return contract.Credentials{}, usageError(c, "--auth-header: %w", err)
		}
	}
	if err := complete(who); err != nil {
		return contract.Credentials{}, usageError(c, "%w", err)
	}
	return who, nil
}

func complete(who contract.Credentials) error {
	switch {
	case who.Access != "" && who.Secret == "":
		return fmt.Errorf("%s is set, but not %s: set both, or neither", contract.AccessVariable, contract.SecretVariable)
	case who.Access == "" && who.Secret != "":
		return fmt.Errorf("%s is set, but not %s: set both, or neither", contract.SecretVariable, contract.AccessVariable)
	case who.Access == "" && who.SecurityToken != "":
		return fmt.Errorf("%s is set, but not %s and %s, which it belongs to", contract.SecurityTokenVariable, contract.AccessVariable, contract.SecretVariable)
	case who.Access != "" && who.AuthHeader != (contract.Header{}):
		return fmt.Errorf("there are --auth-header and an access key: leave out the header, or unset %s and %s", contract.AccessVariable, contract.SecretVariable)
	case who.Access != "" && who.Token != "":
		return fmt.Errorf("there are a token and an access key: leave out the token, or unset %s and %s", contract.AccessVariable, contract.SecretVariable)
	}
	for _, sent := range []struct{ name, value string }{
		{contract.AccessVariable, who.Access}, {contract.SecurityTokenVariable, who.SecurityToken}, {"the token", who.Token},
	} {
		if strings.ContainsFunc(sent.value, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("%s holds a character that cannot stand in a header: a space, a line end, or one that is not ASCII", sent.name)
		}
	}
	return nil
}

// tokenOf is what a flag gives, or the file of the flag with -file behind its name.
func tokenOf(c *cli.Command, flag string) (string, error) {
	file := c.String(flag + "-file")
	switch {
	case file == "":
		return c.String(flag), nil
	case c.String(flag) != "":
		return "", fmt.Errorf("--%s and --%s-file both give a token: leave one out", flag, flag)
	}
	token, err := readToken(file)
	if err != nil {
		return "", fmt.Errorf("--%s-file: %w", flag, err)
	}
	return token, nil
}

func readToken(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	token := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return "", err
	case len(text) > maxToken:
		return "", fmt.Errorf("%s is too large for a token", file)
	case token == "":
		return "", fmt.Errorf("%s is empty", file)
	}
	return token, nil
}
