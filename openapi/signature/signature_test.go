package signature

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// at returns a clock that stands still.
func at(t time.Time) func() time.Time { return func() time.Time { return t } }

var noon = time.Date(2024, 5, 6, 14, 0, 0, 0, time.FixedZone("CEST", 2*60*60)) // 12:00 UTC

func newRequest(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func sign(t *testing.T, k Key, req *http.Request) {
	t.Helper()
	if err := k.Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

var authorization = regexp.MustCompile(`^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// parse returns the three parts of req's Authorization header.
func parse(t *testing.T, req *http.Request) (access string, signed []string, sum string) {
	t.Helper()
	m := authorization.FindStringSubmatch(req.Header.Get("Authorization"))
	if m == nil {
		t.Fatalf("Authorization = %q, want a match of %s", req.Header.Get("Authorization"), authorization)
	}
	return m[1], strings.Split(m[2], ";"), m[3]
}

// Sign writes the guide's worked example, header for header.
func TestSignGuideExample(t *testing.T) {
	k := Key{Access: guideAccess, Secret: guideSecret, Now: at(time.Date(2019, 11, 15, 3, 36, 55, 0, time.UTC))}
	req := newRequest(t, "GET", vectors[0].url, nil)
	req.Header.Set("Content-Type", "application/json")
	sign(t, k, req)
	want := "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, " +
		"Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
	if got := req.Header.Get("Authorization"); got != want {
		t.Errorf("Authorization = %s\nwant            %s", got, want)
	}
}

func TestSignedHeaders(t *testing.T) {
	tests := []struct {
		name   string
		token  string
		header http.Header
		want   string
	}{
		{"none set", "", nil, "host;x-sdk-date"},
		{"content type", "", http.Header{"Content-Type": {"application/json"}}, "content-type;host;x-sdk-date"},
		{"project", "", http.Header{"X-Project-Id": {"p"}}, "host;x-project-id;x-sdk-date"},
		{"the key's token", "t", nil, "host;x-sdk-date;x-security-token"},
		{"the request's token", "", http.Header{"X-Security-Token": {"t"}}, "host;x-sdk-date;x-security-token"},
		{"others stay unsigned", "", http.Header{"User-Agent": {"u"}, "Accept": {"*/*"}, "Authorization": {"old"}}, "host;x-sdk-date"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := newRequest(t, "GET", "https://example.com/", nil)
			req.Header = tt.header
			sign(t, Key{Access: "AK", Secret: "SK", SecurityToken: tt.token, Now: at(noon)}, req)
			access, signed, _ := parse(t, req)
			if got := strings.Join(signed, ";"); access != "AK" || got != tt.want {
				t.Errorf("signed %s with %s, want %s with AK", got, access, tt.want)
			}
		})
	}
}

func TestSignSetsDateAndToken(t *testing.T) {
	req := newRequest(t, "GET", "https://example.com/", nil)
	req.Header.Set("X-Sdk-Date", "20000101T000000Z")
	req.Header.Set("X-Security-Token", "another")
	sign(t, Key{Access: "AK", Secret: "SK", SecurityToken: "token", Now: at(noon)}, req)
	for name, want := range map[string]string{"X-Sdk-Date": "20240506T120000Z", "X-Security-Token": "token"} {
		if got := req.Header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestSignWithoutClock(t *testing.T) {
	before := time.Now().UTC().Truncate(time.Second)
	req := newRequest(t, "GET", "https://example.com/", nil)
	sign(t, Key{Access: "AK", Secret: "SK"}, req)
	got, err := time.Parse(dateFormat, req.Header.Get("X-Sdk-Date"))
	if err != nil {
		t.Fatal(err)
	}
	if after := time.Now(); got.Before(before) || got.After(after) {
		t.Errorf("X-Sdk-Date = %v, want between %v and %v", got, before, after)
	}
}

func TestSignErrors(t *testing.T) {
	broken := errors.New("broken")
	getBody := func(rc io.ReadCloser, err error) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return rc, err }
	}
	failing := io.NopCloser(iotest.ErrReader(broken))
	tests := []struct {
		name    string
		key     Key
		body    io.ReadCloser
		getBody func() (io.ReadCloser, error)
		want    string
	}{
		{"zero key", Key{}, nil, nil, "signature: the key's Access is empty"},
		{"no access", Key{Secret: "SK", SecurityToken: "token"}, nil, nil, "signature: the key's Access is empty"},
		{"no secret", Key{Access: "AK", SecurityToken: "token"}, nil, nil, "signature: the key's Secret is empty"},
		{"body", Key{Access: "AK", Secret: "SK"}, failing, nil, "signature: reading the body: broken"},
		{"GetBody", Key{Access: "AK", Secret: "SK"}, failing, getBody(nil, broken), "signature: reading the body: broken"},
		{"body of GetBody", Key{Access: "AK", Secret: "SK"}, failing, getBody(failing, nil), "signature: reading the body: broken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := newRequest(t, "POST", "https://example.com/", nil)
			req.Body, req.GetBody = tt.body, tt.getBody
			err := tt.key.Sign(t.Context(), req)
			if err == nil || err.Error() != tt.want {
				t.Errorf("Sign = %v, want %s", err, tt.want)
			}
			if tt.body != nil && !errors.Is(err, broken) {
				t.Errorf("Sign = %v, want it to wrap the body's error", err)
			}
			if len(req.Header) != 0 {
				t.Errorf("a failed Sign set %v", req.Header)
			}
		})
	}
}

// closeChecker tells whether a body was closed.
type closeChecker struct {
	io.Reader
	closed bool
}

func (c *closeChecker) Close() error { c.closed = true; return nil }

func TestBodyCanStillBeSent(t *testing.T) {
	const text = `{"a":1}` + "\n"
	tests := []struct {
		name string
		body io.Reader
		want string
	}{
		{"with GetBody", strings.NewReader(text), text},
		{"stream", io.MultiReader(strings.NewReader(text)), text},
		{"empty stream", io.MultiReader(), ""},
		{"no body", http.NoBody, ""},
		{"nil", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := newRequest(t, "POST", "https://example.com/", tt.body)
			length := req.ContentLength
			k := Key{Access: "AK", Secret: "SK", Now: at(noon)}
			sign(t, k, req)
			first := req.Header.Get("Authorization")
			sign(t, k, req)
			if second := req.Header.Get("Authorization"); second != first {
				t.Errorf("signed again: %s, first %s", second, first)
			}
			_, signed, sum := parse(t, req)
			if want := Sum("SK", "20240506T120000Z", Canonical(req, signed, []byte(tt.want))); sum != want {
				t.Errorf("signature %s, want %s over body %q", sum, want, tt.want)
			}
			if req.ContentLength != length {
				t.Errorf("ContentLength changed from %d to %d", length, req.ContentLength)
			}
			if req.Body == nil {
				return
			}
			if got, err := io.ReadAll(req.Body); err != nil || string(got) != tt.want {
				t.Errorf("body = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestSignClosesTheBodyItReplaces(t *testing.T) {
	body := &closeChecker{Reader: strings.NewReader("text")}
	req := newRequest(t, "POST", "https://example.com/", body)
	sign(t, Key{Access: "AK", Secret: "SK"}, req)
	if !body.closed {
		t.Error("the body that was read is still open")
	}
}

func TestSignIsDeterministic(t *testing.T) {
	k := Key{Access: "AK", Secret: "SK", SecurityToken: "token", Now: at(noon)}
	const n = 8
	got := make([]http.Header, n)
	var wg sync.WaitGroup
	for i := range n {
		req := newRequest(t, "POST", "https://example.com/a?b=2&b=1", strings.NewReader("body"))
		wg.Go(func() {
			if err := k.Sign(t.Context(), req); err != nil {
				t.Error(err)
			}
			got[i] = req.Header
		})
	}
	wg.Wait()
	for i := range n {
		if a, b := fmt.Sprint(got[0]), fmt.Sprint(got[i]); a != b {
			t.Fatalf("same key, clock and request, different headers:\n%s\n%s", a, b)
		}
	}
}

// A server that has only what arrived on the wire comes to the same sum.
func TestVerifyWhatArrives(t *testing.T) {
	type arrival struct {
		req  *http.Request
		body []byte
	}
	arrived := make(chan arrival, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		arrived <- arrival{r, body}
	}))
	t.Cleanup(srv.Close)

	tests := []struct{ name, method, target, body string }{
		{"plain", "GET", "/v2/p/data-connectors", ""},
		{"no path", "GET", "", ""},
		{"no path, query", "GET", "?a=1", ""},
		{"bare name", "GET", "/c?connector_name&limit=10", ""},
		{"repeated names", "GET", "/c?b=2&a=z&b=1", ""},
		{"spaces", "GET", "/a%20b?c=d+e&f=g%20h", ""},
		{"encoded slash", "DELETE", "/c/a%2Fb", ""},
		{"sub-delims", "GET", "/a!$&'()*+,;=:@?q=!$'()*,;:@/?", ""},
		{"utf-8", "GET", "/数/é?n=数", ""},
		{"undecodable query", "GET", "/c?a=%zz&b=1;c=2", ""},
		{"body", "POST", "/c", `{"a":"é"}` + "\n"},
	}
	for _, tt := range tests {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/stream=%t", tt.name, stream), func(t *testing.T) {
				var body io.Reader = strings.NewReader(tt.body)
				if stream {
					body = io.MultiReader(body)
				}
				req := newRequest(t, tt.method, srv.URL+tt.target, body)
				req.Header.Set("Content-Type", "application/json")
				sign(t, Key{Access: "AK", Secret: "SK", SecurityToken: "token"}, req)
				resp, err := srv.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				got := <-arrived
				_, signed, sent := parse(t, got.req)
				canonical := Canonical(got.req, signed, got.body)
				if sum := Sum("SK", got.req.Header.Get("X-Sdk-Date"), canonical); sum != sent {
					t.Errorf("sent signature %s, the server computes %s over\n%s", sent, sum, canonical)
				}
			})
		}
	}
}

func TestRedaction(t *testing.T) {
	k := Key{Access: "AK-visible", Secret: "SK-hidden", SecurityToken: "token-hidden"}
	var text, jsonText bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "key", k, "pointer", &k, "nested", struct{ K Key }{k})
	slog.New(slog.NewJSONHandler(&jsonText, nil)).Info("m", "key", k, "pointer", &k, "nested", struct{ K Key }{k})
	marshalled, _ := json.Marshal(k) //nolint:staticcheck // that it is refused is what is tested
	printed := map[string]string{
		"String":       k.String(),
		"GoString":     k.GoString(),
		"LogValue":     k.LogValue().String(),
		"slog text":    text.String(),
		"slog JSON":    jsonText.String(),
		"json.Marshal": string(marshalled),
		"nested":       fmt.Sprintf("%+v", []any{struct{ K Key }{k}, map[string]Key{"k": k}, &k}),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t", "%20v"} {
		printed[verb] = fmt.Sprintf(verb, k)
		printed[verb+" of a pointer"] = fmt.Sprintf(verb, &k)
	}
	for how, got := range printed {
		hex := fmt.Sprintf("%x", "hidden")
		if strings.Contains(got, "hidden") || strings.Contains(got, hex) {
			t.Errorf("%s shows a secret: %s", how, got)
		}
		if how != "json.Marshal" && !strings.Contains(got, "AK-visible") {
			t.Errorf("%s does not show the access key: %s", how, got)
		}
	}
}

func TestStringShowsWhatIsSet(t *testing.T) {
	tests := []struct {
		key  Key
		want string
	}{
		{Key{}, `signature.Key{Access:"", Secret:"", SecurityToken:""}`},
		{Key{Access: "AK", Secret: "SK"}, `signature.Key{Access:"AK", Secret:"[redacted]", SecurityToken:""}`},
		{Key{Access: "AK", Secret: "SK", SecurityToken: "t"}, `signature.Key{Access:"AK", Secret:"[redacted]", SecurityToken:"[redacted]"}`},
	}
	for _, tt := range tests {
		if got := tt.key.String(); got != tt.want {
			t.Errorf("String() = %s, want %s", got, tt.want)
		}
	}
}
