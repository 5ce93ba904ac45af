package signature

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Canonical returns the canonical request: the text that is hashed and signed.
//
// req is an outgoing request or one that a server received; it is not changed,
// and its Body is not read: body holds the raw bytes. signed holds lower-case
// header names in the order of the Authorization header's SignedHeaders. A
// header named there that req does not have adds no line of its own.
//
// The text holds the values of the signed headers, so a security token stands
// in it if X-Security-Token is signed.
//
// Source: API signing guide, devg-apisign/api-sign-algorithm, constructing a
// canonical request. Names and values are sorted as the vendor's Go SDK sorts
// them: decoded, in byte order.
func Canonical(req *http.Request, signed []string, body []byte) string {
	return strings.Join([]string{
		cmp.Or(req.Method, http.MethodGet),
		canonicalURI(req.URL),
		canonicalQuery(req.URL.RawQuery),
		canonicalHeaders(req, signed),
		strings.Join(signed, ";"),
		payloadHash(req.Header, body),
	}, "\n")
}

// Sum returns the signature of a canonical request, 64 lower-case hex digits.
// date is the value of X-Sdk-Date as sent. Compare sums with [hmac.Equal].
//
// Source: API signing guide, devg-apisign/api-sign-algorithm, creating a string
// to sign and calculating the signature.
func Sum(secret, date, canonical string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(algorithm + "\n" + date + "\n" + hexSHA256([]byte(canonical))))
	return hex.EncodeToString(mac.Sum(nil))
}

// canonicalURI returns the path with every segment encoded anew and a slash at
// its end. An encoded slash stays part of its segment.
func canonicalURI(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		segments[i] = escape(unescape(s, url.PathUnescape))
	}
	path := strings.Join(segments, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	return path
}

// canonicalQuery returns the pairs of a query, decoded, sorted by name and then
// by value in byte order, and encoded anew. url.ParseQuery is not used because
// it drops pairs that it cannot decode, and those would go unsigned.
func canonicalQuery(raw string) string {
	type pair struct{ name, value string }
	var pairs []pair
	for s := range strings.SplitSeq(raw, "&") {
		if s == "" {
			continue
		}
		name, value, _ := strings.Cut(s, "=")
		pairs = append(pairs, pair{unescape(name, url.QueryUnescape), unescape(value, url.QueryUnescape)})
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	encoded := make([]string, len(pairs))
	for i, p := range pairs {
		encoded[i] = escape(p.name) + "=" + escape(p.value)
	}
	return strings.Join(encoded, "&")
}

// canonicalHeaders returns a line "name:value" for every value of every signed
// header, the values of one header sorted, with a newline at the end.
func canonicalHeaders(req *http.Request, signed []string) string {
	var lines []string
	for _, name := range signed {
		for _, value := range slices.Sorted(slices.Values(headerValues(req, name))) {
			lines = append(lines, name+":"+strings.TrimSpace(value))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// headerValues returns the values of a header, given by its lower-case name.
// net/http keeps Host outside the header map, on both sides.
func headerValues(req *http.Request, name string) []string {
	if name == "host" {
		return []string{cmp.Or(req.Host, req.URL.Host)}
	}
	return req.Header.Values(name)
}

// payloadHash returns the hash of the body, or the value of the header
// X-Sdk-Content-Sha256 if that is UNSIGNED-PAYLOAD or another spelling of the
// same hash. A header that says something else is not believed: with it, a body
// could be exchanged under a signature that still holds.
func payloadHash(h http.Header, body []byte) string {
	sum := hexSHA256(body)
	if v := h.Get("X-Sdk-Content-Sha256"); v == "UNSIGNED-PAYLOAD" || strings.EqualFold(v, sum) {
		return v
	}
	return sum
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// escape percent-encodes all but the unreserved characters of RFC 3986, with
// upper-case hex digits. url.QueryEscape differs only in the space.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// unescape decodes s; text that is not valid percent-encoding stands for itself.
func unescape(s string, decode func(string) (string, error)) string {
	if d, err := decode(s); err == nil {
		return d
	}
	return s
}
