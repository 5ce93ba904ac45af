package contract

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
)

// shortSecret is what a secret must be longer than, in bytes, to be told from other text.
const shortSecret = 5

// secretGivenBack looks for the secrets that the case has sent so far in headers and body, as they are, in base64 and in hexadecimal.
func secretGivenBack(x *Exchange) []Finding {
	for _, e := range x.soFar() {
		for _, secret := range e.secrets {
			if len(secret) > shortSecret && !isMask(secret) && x.gives(secret) && !x.sentOpenly(secret) {
				return one("", "the answer gives back a secret that %s was sent", e.Step.Operation.ID)
			}
		}
	}
	return nil
}

// sentOpenly says whether the case has sent the text as something else than a secret, too: then it may be shown.
func (x *Exchange) sentOpenly(secret string) bool {
	openly := false
	for _, e := range x.soFar() {
		eachText(e.Step.Body, "", func(_, name, text string) {
			_, holdsJSON := opened(text).(map[string]any)
			openly = openly || !holdsJSON && !x.spec.Secret(name) && strings.Contains(text, secret)
		})
	}
	return openly
}

func (x *Exchange) gives(secret string) bool {
	for _, form := range []string{secret, strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="), hex.EncodeToString([]byte(secret))} {
		if bytes.Contains(x.Response.Body, []byte(form)) {
			return true
		}
		for _, values := range x.Response.Header {
			if strings.Contains(strings.Join(values, "\n"), form) {
				return true
			}
		}
	}
	return false
}

// insides are what a server prints when it falls over, and what no message for a user holds.
var insides = regexp.MustCompile(strings.Join([]string{
	`goroutine \d+ \[`, `\.go:\d+ \+0x`, // Go
	`at [\w$.<>]+\([\w$]+\.java:\d+\)`,                                        // Java
	`Traceback \(most recent call last\)`, `File \\?"[^"]+\.py\\?", line \d+`, // Python
	`at [\w.<> ]+ \((?:/|file:|node:)[^)]+:\d+:\d+\)`, // JavaScript
	`SQLSTATE\[?`, `ORA-\d{5}`, `You have an error in your SQL syntax`, `syntax error at or near`, `violates unique constraint`, `Duplicate entry '[^']*' for key`,
	`\b(?:SELECT .+ FROM|INSERT INTO|UPDATE .+ SET|DELETE FROM) .+ (?:WHERE|VALUES)\b`, // in small letters they are words of a message
}, "|"))

func internals(x *Exchange) []Finding {
	if x.Response.Status < 400 {
		return nil
	}
	if insides.Match(x.Response.Body) { // what it shows is no part of the message: cut, a secret is not recognised
		return one("", "the answer shows the inside of the server: a stack, a query, or what a database says")
	}
	return nil
}
