package signature

import (
	"crypto/hmac"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Window is how far X-Sdk-Date may be from the server's time, in both directions.
//
// Source: API signing guide, api-sign-0001.
const Window = 15 * time.Minute

// MaxBody is the largest body that may be signed, in bytes.
//
// Source: API signing guide.
const MaxBody = 12 << 20

// Authorization is what the header of that name says of a signed request.
type Authorization struct {
	Access    string   // the access key
	Signed    []string // names of the signed headers, in lower case and in the order sent, each once
	Signature string   // 64 lower-case hex digits, as far as the client keeps to that
}

// Errors of a request that is not signed as it should be.
var (
	ErrOtherScheme = errors.New("signature: the Authorization header is not of the scheme " + algorithm)
	ErrMalformed   = errors.New("signature: the Authorization header is not " + algorithm + " Access=…, SignedHeaders=…, Signature=…, with x-sdk-date among the signed headers")
	ErrDate        = errors.New("signature: the request must have one X-Sdk-Date, as YYYYMMDDTHHMMSSZ")
)

// ParseAuthorization reads the value of an Authorization header. Names of schemes and headers may have any case, parts any
// order, and spaces may stand around the commas. The error is [ErrOtherScheme], or [ErrMalformed] where a part is missing,
// there twice or empty, where the signed headers name one twice, name Authorization, or do not name X-Sdk-Date: a date
// that is not signed would let anybody send a request that was signed once for ever.
func ParseAuthorization(value string) (Authorization, error) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	if !strings.EqualFold(scheme, algorithm) {
		return Authorization{}, ErrOtherScheme
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, text, found := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := parts[name]; !found || twice || text == "" {
			return Authorization{}, ErrMalformed
		}
		parts[name] = text
	}
	a := Authorization{Access: parts["Access"], Signature: parts["Signature"],
		Signed: strings.Split(strings.ToLower(parts["SignedHeaders"]), ";")}
	if len(parts) != 3 || a.Access == "" || a.Signature == "" || !soundList(a.Signed) {
		return Authorization{}, ErrMalformed
	}
	return a, nil
}

// soundList says whether the names can be those of signed headers.
func soundList(names []string) bool {
	sorted := slices.Sorted(slices.Values(names))
	return len(slices.Compact(sorted)) == len(names) && sorted[0] != "" &&
		slices.Contains(names, "x-sdk-date") && !slices.Contains(names, "authorization")
}

// Date is when the request says that it was signed; [ErrDate] where it says nothing, or several things.
func Date(req *http.Request) (time.Time, error) {
	values := req.Header.Values(dateHeader)
	if len(values) != 1 {
		return time.Time{}, ErrDate
	}
	date, err := time.Parse(dateFormat, values[0])
	if err != nil {
		return time.Time{}, ErrDate
	}
	return date, nil
}

// SecurityToken is the request's security token, "" for none. It is false where there are several.
func SecurityToken(req *http.Request) (token string, ok bool) {
	values := req.Header.Values(tokenHeader)
	return req.Header.Get(tokenHeader), len(values) <= 1
}

// Verifies says whether the request with this body is one that the secret has signed. req is one that a server received;
// it is not changed, and its Body is not read. The time is not looked at: see [Date] and [Window].
//
// Only the headers that the client names are signed; neither Host nor X-Security-Token need be among them, because clients
// in wide use leave them out. The comparison takes the same time wherever two signatures differ.
func (a Authorization) Verifies(secret string, req *http.Request, body []byte) bool {
	sum := Sum(secret, req.Header.Get(dateHeader), Canonical(req, a.Signed, body))
	return hmac.Equal([]byte(sum), []byte(a.Signature))
}

// Shown is the canonical request that the server has worked out, for the client to compare with its own: on one line, "|"
// in the place of line ends as the gateway writes it, and "******" in the place of what may be a secret: the values of
// headers whose names speak of tokens, cookies, keys, secrets or passwords.
func (a Authorization) Shown(req *http.Request, body []byte) string {
	masked := *req
	masked.Header = req.Header.Clone()
	for name := range masked.Header {
		if speaksOfSecrets(name) {
			masked.Header[name] = []string{"******"}
		}
	}
	return strings.ReplaceAll(Canonical(&masked, a.Signed, body), "\n", "|")
}

func speaksOfSecrets(header string) bool {
	header = strings.ToLower(header)
	return slices.ContainsFunc([]string{"token", "cookie", "key", "secret", "password", "auth", "credential"},
		func(word string) bool { return strings.Contains(header, word) })
}
