package contract_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi/signature"
)

func noon() time.Time { return time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC) }

var key = contract.Credentials{Access: "access", Secret: "hunter2secret", SecurityToken: "temporary"}

// gateway answers 401 to what is not signed with the key, and else 200 with the body and token that it got.
func gateway(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	parts := regexp.MustCompile(`^SDK-HMAC-SHA256 Access=access, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`).
		FindStringSubmatch(r.Header.Get("Authorization"))
	if err != nil || parts == nil {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, "Authorization: %q", r.Header.Get("Authorization"))
		return
	}
	canonical := signature.Canonical(r, strings.Split(parts[1], ";"), body)
	if signature.Sum(key.Secret, r.Header.Get("X-Sdk-Date"), canonical) != parts[2] {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, "canonical: %q", canonical)
		return
	}
	fmt.Fprintf(w, "%s %s %s", body, r.Header.Get("X-Security-Token"), r.Header.Get("X-Sdk-Date"))
}

func TestSignedRequests(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(gateway))
	defer srv.Close()
	base, err := contract.URL(srv.URL + "/prefix/v1%2Fx/")
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]contract.Target{
		"URL":         contract.WithCredentials(base, key, noon),
		"inside pace": contract.WithPace(contract.WithCredentials(base, key, noon), contract.Pace{}),
		"around pace": contract.WithCredentials(contract.WithPace(base, contract.Pace{}), key, noon),
		"handler":     contract.WithCredentials(contract.Handler(http.HandlerFunc(gateway)), key, noon),
	}
	requests := []struct{ method, path, body string }{
		{"GET", "/v2/p/items", ""},
		{"GET", "/v2/p/items?limit=10&b=%20c+d&b=a&empty", ""},
		{"DELETE", "/v2/p/items/a%2Fb%20c", ""},
		{"POST", "/v2/p/items", `{"a": "é"}` + "\n"},
	}
	for name, target := range targets {
		for _, r := range requests {
			t.Run(name+" "+r.method+" "+r.path, func(t *testing.T) {
				request, err := http.NewRequestWithContext(t.Context(), r.method, r.path, strings.NewReader(r.body))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Content-Type", "application/json")
				request.Header.Set("X-Auth-Token", "of an example")
				status, got := do(t, target, request)
				if want := r.body + " temporary 20240506T120000Z"; status != http.StatusOK || got != want {
					t.Errorf("%d %q, want 200 %q", status, got, want)
				}
				if len(request.Header) != 2 || request.URL.Host != "" {
					t.Errorf("the caller's request was changed: %v %v", request.URL, request.Header)
				}
			})
		}
	}
}

func do(t *testing.T, target contract.Target, r *http.Request) (int, string) {
	t.Helper()
	answer, err := target.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestToken(t *testing.T) {
	target := contract.WithCredentials(contract.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Values("X-Auth-Token"), r.Header.Get("Authorization"))
	})), contract.Credentials{Token: "hunter2"}, nil)
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("X-Auth-Token", "of an example")
	if _, got := do(t, target, request); got != "[hunter2]" {
		t.Errorf("the server saw %s, want [hunter2]", got)
	}
}

func TestHalfAKey(t *testing.T) {
	for _, who := range []contract.Credentials{{Access: "access"}, {Secret: "hunter2"}, {SecurityToken: "hunter2"}, {Secret: "hunter2", Token: "hunter2"}} {
		target := contract.WithCredentials(contract.Handler(http.NotFoundHandler()), who, noon)
		if _, _, err := get(t, target, "/", 1); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v: error %v, want one without secrets", who, err)
		}
	}
}

func TestNoCredentials(t *testing.T) {
	base := contract.Handler(http.NotFoundHandler())
	if got := contract.WithCredentials(base, contract.Credentials{Insecure: true}, nil); fmt.Sprintf("%T", got) != fmt.Sprintf("%T", base) {
		t.Errorf("a target without credentials is a %T, want it as it was", got)
	}
	if got := fmt.Sprint(contract.WithPace(contract.WithCredentials(base, key, nil), contract.Pace{})); got != fmt.Sprint(base) {
		t.Errorf("the name is %s, want %s", got, base)
	}
}

// TestPlainHTTP uses an address that leads nowhere: nothing may be sent to it.
func TestPlainHTTP(t *testing.T) {
	for _, tt := range []struct {
		base    string
		who     contract.Credentials
		refused bool
	}{
		{"http://192.0.2.1", key, true},
		{"http://192.0.2.1", contract.Credentials{Token: "hunter2"}, true},
		{"http://192.0.2.1", contract.Credentials{Token: "hunter2", Insecure: true}, false},
		{"http://192.0.2.1", contract.Credentials{}, false},
		{"https://192.0.2.1", key, false},
		{"http://localhost:1", key, false},
		{"http://LOCALHOST:1", key, false},
		{"http://127.255.0.1:1", key, false},
		{"http://[::1]:1", key, false},
		{"http://0.0.0.0:1", key, true},
	} {
		t.Run(tt.base, func(t *testing.T) {
			target, err := contract.URL(tt.base)
			if err != nil {
				t.Fatal(err)
			}
			plain := &contract.PlainHTTPError{}
			if got := errors.As(tt.who.Allowed(contract.WithPace(target, contract.Pace{})), &plain); got != tt.refused {
				t.Errorf("refused: %t, want %t", got, tt.refused)
			}
			if !tt.refused {
				return
			}
			if _, _, err := get(t, contract.WithCredentials(target, tt.who, noon), "/", 1); !errors.As(err, &plain) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want a PlainHTTPError without secrets", err)
			}
		})
	}
}

func TestCredentialsOverTLS(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(gateway))
	defer srv.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(srv.Certificate())
	target, err := contract.URLWith(srv.URL, contract.URLOptions{RootCAs: trusted})
	if err != nil {
		t.Fatal(err)
	}
	if status, text := do(t, contract.WithCredentials(target, key, noon), httptest.NewRequest(http.MethodGet, "/a?b", nil)); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
}

func TestCredentialsPrintNoSecret(t *testing.T) {
	who := contract.Credentials{Access: "access", Secret: "hunter2", SecurityToken: "hunter2", Token: "hunter2"}
	encoded, err := json.Marshal(map[string]any{"who": who, "nested": []any{&who}})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(encoded), who.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		texts = append(texts, fmt.Sprintf(verb, who), fmt.Sprintf(verb, struct{ C *contract.Credentials }{&who}))
	}
	for _, text := range texts {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("shows a secret: %s", text)
		}
	}
	if got := fmt.Sprint(who.Secrets()); got != "[{HUAWEICLOUD_SDK_SK hunter2} {HUAWEICLOUD_SDK_SECURITY_TOKEN hunter2} {COUNTERPART_TOKEN hunter2}]" {
		t.Errorf("secrets %s", got)
	}
}
