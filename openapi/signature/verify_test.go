package signature_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi/signature"
)

const someSignature = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParseAuthorization(t *testing.T) {
	for _, row := range []struct {
		why, value string
		want       error
	}{
		{"as the vendor's SDK sends it", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=user-agent;x-project-id;x-sdk-date, Signature=" + someSignature, nil},
		{"the scheme in lower case", "sdk-hmac-sha256 Access=AK, SignedHeaders=x-sdk-date, Signature=" + someSignature, nil},
		{"names of headers in odd case", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=Host;X-Sdk-Date, Signature=" + someSignature, nil},
		{"no spaces", "SDK-HMAC-SHA256 Access=AK,SignedHeaders=x-sdk-date,Signature=" + someSignature, nil},
		{"another order", "SDK-HMAC-SHA256 Signature=" + someSignature + ", Access=AK, SignedHeaders=x-sdk-date", nil},
		{"nothing", "", signature.ErrOtherScheme},
		{"another scheme", "Bearer abc", signature.ErrOtherScheme},
		{"another algorithm", "SDK-HMAC-SM3 Access=AK, SignedHeaders=x-sdk-date, Signature=" + someSignature, signature.ErrOtherScheme},
		{"the scheme alone", "SDK-HMAC-SHA256", signature.ErrMalformed},
		{"no access key", "SDK-HMAC-SHA256 SignedHeaders=x-sdk-date, Signature=" + someSignature, signature.ErrMalformed},
		{"an empty access key", "SDK-HMAC-SHA256 Access=, SignedHeaders=x-sdk-date, Signature=" + someSignature, signature.ErrMalformed},
		{"no signature", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date", signature.ErrMalformed},
		{"no signed headers", "SDK-HMAC-SHA256 Access=AK, Signature=" + someSignature, signature.ErrMalformed},
		{"two access keys", "SDK-HMAC-SHA256 Access=AK, Access=BK, SignedHeaders=x-sdk-date, Signature=" + someSignature, signature.ErrMalformed},
		{"a part too many", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date, Signature=" + someSignature + ", More=1", signature.ErrMalformed},
		{"the date not signed", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=" + someSignature, signature.ErrMalformed},
		{"a header named twice", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date;X-Sdk-Date, Signature=" + someSignature, signature.ErrMalformed},
		{"a header without a name", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=;x-sdk-date, Signature=" + someSignature, signature.ErrMalformed},
		{"the signature signed", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=authorization;x-sdk-date, Signature=" + someSignature, signature.ErrMalformed},
	} {
		t.Run(row.why, func(t *testing.T) {
			a, err := signature.ParseAuthorization(row.value)
			if !errors.Is(err, row.want) {
				t.Fatalf("the error is %v, not %v", err, row.want)
			}
			if err == nil && (a.Access != "AK" || a.Signature != someSignature || !slices.Contains(a.Signed, "x-sdk-date")) {
				t.Errorf("read as %+v", a)
			}
		})
	}
}

func TestDateOfSigning(t *testing.T) {
	for _, row := range []struct {
		why    string
		values []string
		sound  bool
	}{
		{"one", []string{"20060102T150405Z"}, true},
		{"none", nil, false},
		{"two", []string{"20060102T150405Z", "20060102T150405Z"}, false},
		{"another form", []string{"2006-01-02T15:04:05Z"}, false},
		{"no day of any month", []string{"20060231T150405Z"}, false},
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		req.Header["X-Sdk-Date"] = row.values
		if date, err := signature.Date(req); (err == nil) != row.sound || row.sound && date.Year() != 2006 {
			t.Errorf("%s: %v, %v", row.why, date, err)
		}
	}
}

// What was signed verifies, and no longer does when anything that the signature covers is another.
func TestVerifies(t *testing.T) {
	key := signature.Key{Access: "AK", Secret: "SK"}
	const body = `{"a":1}`
	for _, row := range []struct {
		why    string
		change func(r *http.Request)
		body   string
		want   bool
	}{
		{"as signed", func(*http.Request) {}, body, true},
		{"a header that is not signed", func(r *http.Request) { r.Header.Set("Accept", "*/*") }, body, true},
		{"the order of the query", func(r *http.Request) { r.URL.RawQuery = "b=2&a=1" }, body, true},
		{"another body", func(*http.Request) {}, `{"a":2}`, false},
		{"another method", func(r *http.Request) { r.Method = http.MethodPut }, body, false},
		{"another path", func(r *http.Request) { r.URL.Path = "/y" }, body, false},
		{"another query", func(r *http.Request) { r.URL.RawQuery = "a=1&b=3" }, body, false},
		{"a signed header", func(r *http.Request) { r.Header.Set("X-Project-Id", "other") }, body, false},
		{"a signed header once more", func(r *http.Request) { r.Header.Add("X-Project-Id", "other") }, body, false},
		{"a signed header away", func(r *http.Request) { r.Header.Del("X-Project-Id") }, body, false},
		{"the date", func(r *http.Request) { r.Header.Set("X-Sdk-Date", "20060102T150405Z") }, body, false},
		{"the body said to be unsigned", func(r *http.Request) { r.Header.Set("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD") }, `{"a":2}`, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/x?a=1&b=2", strings.NewReader(body))
			req.Header.Set("X-Project-Id", "mine")
			if err := key.Sign(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			a, err := signature.ParseAuthorization(req.Header.Get("Authorization"))
			if err != nil {
				t.Fatal(err)
			}
			row.change(req)
			if got := a.Verifies("SK", req, []byte(row.body)); got != row.want {
				t.Errorf("verifies: %t", got)
			}
			if a.Verifies("other", req, []byte(row.body)) {
				t.Error("verifies with another secret")
			}
		})
	}
}

func TestShownMasksSecrets(t *testing.T) {
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x", nil)
	for name, value := range map[string]string{"X-Security-Token": "s3cret", "X-Auth-Token": "s3cret", "Cookie": "s3cret", "X-Api-Key": "s3cret", "X-Project-Id": "mine"} {
		req.Header.Set(name, value)
	}
	a := signature.Authorization{Signed: []string{"cookie", "x-api-key", "x-auth-token", "x-project-id", "x-security-token"}}
	const want = "GET|/x/||cookie:******|x-api-key:******|x-auth-token:******|x-project-id:mine|x-security-token:******|" +
		"|cookie;x-api-key;x-auth-token;x-project-id;x-security-token|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := a.Shown(req, nil); got != want {
		t.Errorf("shown as\n%s, not\n%s", got, want)
	}
	if req.Header.Get("Cookie") != "s3cret" {
		t.Error("the request was changed")
	}
}

func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"", "SDK-HMAC-SHA256", "Bearer abc",
		"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature=" + someSignature,
		"SDK-HMAC-SHA256 Signature=" + someSignature + ",Access=A=K,SignedHeaders=X-Sdk-Date",
		"sdk-hmac-sha256  Access=AK,, SignedHeaders=;;x-sdk-date, Signature=\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		a, err := signature.ParseAuthorization(value)
		if err != nil {
			if !errors.Is(err, signature.ErrMalformed) && !errors.Is(err, signature.ErrOtherScheme) {
				t.Fatal(err)
			}
			return
		}
		if a.Access == "" || a.Signature == "" || !slices.Contains(a.Signed, "x-sdk-date") || slices.Contains(a.Signed, "authorization") {
			t.Fatalf("%q is read as %+v", value, a)
		}
		again, err := signature.ParseAuthorization("SDK-HMAC-SHA256 Access=" + a.Access + ", SignedHeaders=" + strings.Join(a.Signed, ";") + ", Signature=" + a.Signature)
		if err != nil || again.Access != a.Access || again.Signature != a.Signature || !slices.Equal(again.Signed, a.Signed) {
			t.Fatalf("%q is read as %+v, and that as %+v, %v", value, a, again, err)
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		if a.Verifies("SK", req, nil) {
			t.Fatalf("%q verifies", value)
		}
	})
}
