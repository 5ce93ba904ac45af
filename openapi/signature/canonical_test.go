package signature

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The signing guide's public sample pair.
const (
	guideAccess = "QTWAOYTTINDUT2QVKYUC"
	guideSecret = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
)

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// vectors are published results: the guide's worked example and the test cases
// of the vendor's Go SDK.
var vectors = []struct {
	name      string
	secret    string
	method    string
	url       string
	header    http.Header
	signed    string
	body      string
	canonical string // hash of the canonical request; empty if not published
	signature string
}{
	{
		name:   "guide",
		secret: guideSecret,
		method: "GET",
		url:    "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
		header: http.Header{
			"Content-Type": {"application/json"},
			"X-Sdk-Date":   {"20191115T033655Z"},
		},
		signed:    "content-type;host;x-sdk-date",
		canonical: "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a",
		signature: "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
	},
	{
		name:      "SDK get",
		secret:    "SecretKey",
		method:    "GET",
		url:       "https://example.com/path?limit=1",
		header:    http.Header{"X-Sdk-Date": {"20060102T150405Z"}},
		signed:    "x-sdk-date",
		signature: "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624",
	},
	{
		name:      "SDK post, body ending in a newline",
		secret:    "SecretKey",
		method:    "POST",
		url:       "https://example.com/path?key=value",
		header:    http.Header{"X-Sdk-Date": {"20060102T150405Z"}},
		signed:    "x-sdk-date",
		body:      `{"Name":"test","Id":1}` + "\n",
		signature: "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59",
	},
}

func TestVectors(t *testing.T) {
	sides := []struct {
		name string
		new  func(method, url string) *http.Request
	}{
		{"client", func(method, url string) *http.Request {
			req, err := http.NewRequest(method, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			return req
		}},
		{"server", func(method, url string) *http.Request {
			return httptest.NewRequest(method, url, nil)
		}},
	}
	for _, side := range sides {
		for _, v := range vectors {
			t.Run(side.name+"/"+v.name, func(t *testing.T) {
				req := side.new(v.method, v.url)
				req.Header = v.header.Clone()
				canonical := Canonical(req, strings.Split(v.signed, ";"), []byte(v.body))
				if got := hexSHA256([]byte(canonical)); v.canonical != "" && got != v.canonical {
					t.Errorf("hash of the canonical request = %s, want %s\n%s", got, v.canonical, canonical)
				}
				if got := Sum(v.secret, req.Header.Get("X-Sdk-Date"), canonical); got != v.signature {
					t.Errorf("Sum = %s, want %s\n%s", got, v.signature, canonical)
				}
			})
		}
	}
}

func TestCanonical(t *testing.T) {
	req := httptest.NewRequest("POST", "https://mrs.example.com:8443/v2/p1/data-connectors?b=2&a=1", nil)
	req.Header = http.Header{
		"Content-Type": {" application/json "},
		"X-Many":       {"two", "one"},
		"X-Sdk-Date":   {"20240102T030405Z"},
		"X-Unsigned":   {"left out"},
	}
	signed := []string{"content-type", "host", "x-absent", "x-many", "x-sdk-date"}
	want := strings.Join([]string{
		"POST",
		"/v2/p1/data-connectors/",
		"a=1&b=2",
		"content-type:application/json",
		"host:mrs.example.com:8443",
		"x-many:one",
		"x-many:two",
		"x-sdk-date:20240102T030405Z",
		"",
		"content-type;host;x-absent;x-many;x-sdk-date",
		emptyHash,
	}, "\n")
	if got := Canonical(req, signed, nil); got != want {
		t.Errorf("Canonical:\n%s\nwant:\n%s", got, want)
	}
	if got := req.Header["X-Many"]; got[0] != "two" {
		t.Errorf("Canonical reordered the request's header values: %q", got)
	}
}

func TestCanonicalEmptyMethodIsGet(t *testing.T) {
	u, _ := url.Parse("https://example.com/")
	got := Canonical(&http.Request{URL: u}, []string{"host"}, nil)
	if !strings.HasPrefix(got, "GET\n") {
		t.Errorf("Canonical = %q, want it to begin with GET", got)
	}
}

func TestCanonicalURI(t *testing.T) {
	tests := []struct{ name, url, want string }{
		{"empty path", "https://h", "/"},
		{"root", "https://h/", "/"},
		{"slash appended", "https://h/v2/p/data-connectors", "/v2/p/data-connectors/"},
		{"slash kept", "https://h/v2/p/data-connectors/", "/v2/p/data-connectors/"},
		{"empty segment", "https://h/a//b", "/a//b/"},
		{"dots kept", "https://h/a/../b/.", "/a/../b/./"},
		{"unreserved", "https://h/AZaz09-_.~", "/AZaz09-_.~/"},
		{"unreserved sent encoded", "https://h/%41%7e", "/A~/"},
		{"lower-case hex", "https://h/%c3%a9", "/%C3%A9/"},
		{"utf-8", "https://h/é/数", "/%C3%A9/%E6%95%B0/"},
		{"space", "https://h/a%20b", "/a%20b/"},
		{"plus", "https://h/a+b", "/a%2Bb/"},
		{"sub-delims", "https://h/!$&'()*,;=:@", "/%21%24%26%27%28%29%2A%2C%3B%3D%3A%40/"},
		{"encoded slash", "https://h/a%2Fb", "/a%2Fb/"},
		{"encoded slash at the end", "https://h/a%2F", "/a%2F/"},
		{"encoded percent", "https://h/100%25", "/100%25/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			if got := canonicalURI(u); got != tt.want {
				t.Errorf("canonicalURI(%s) = %s, want %s", tt.url, got, tt.want)
			}
		})
	}
}

func TestCanonicalQuery(t *testing.T) {
	tests := []struct{ name, query, want string }{
		{"empty", "", ""},
		{"bare name", "connector_name", "connector_name="},
		{"empty value", "connector_name=", "connector_name="},
		{"sorted by name", "b=1&a=2&B=3&_=4", "B=3&_=4&a=2&b=1"},
		{"values sorted", "a=2&b=0&a=10&a=1", "a=1&a=10&a=2&b=0"},
		{"repeated pair kept", "a=1&a=1", "a=1&a=1"},
		{"name before its extension", "a-=1&a=2", "a=2&a-=1"},
		{"sorted as decoded", "%C3%A9=1&~=2", "~=2&%C3%A9=1"},
		{"space as plus", "a=b+c", "a=b%20c"},
		{"space as %20", "a=b%20c", "a=b%20c"},
		{"plus", "a=b%2Bc", "a=b%2Bc"},
		{"utf-8", "a=数", "a=%E6%95%B0"},
		{"slash", "a=/b/%2f", "a=%2Fb%2F%2F"},
		{"second equals sign", "a=b=c", "a=b%3Dc"},
		{"unreserved", "a=AZaz09-_.~%7e", "a=AZaz09-_.~~"},
		{"empty pairs", "&a=1&&b=2&", "a=1&b=2"},
		{"empty name", "=1", "=1"},
		{"semicolon covered", "a=1;b=2", "a=1%3Bb%3D2"},
		{"broken encoding covered", "a=%zz&b=%", "a=%25zz&b=%25"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := canonicalQuery(tt.query); got != tt.want {
				t.Errorf("canonicalQuery(%q) = %q, want %q", tt.query, got, tt.want)
			}
		})
	}
}

func TestPayloadHash(t *testing.T) {
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	tests := []struct{ name, header, body, want string }{
		{"no body", "", "", emptyHash},
		{"body", "", "abc", abc},
		{"true header", abc, "abc", abc},
		{"true header in upper case", strings.ToUpper(abc), "abc", strings.ToUpper(abc)},
		{"hash of another body", emptyHash, "abc", abc},
		{"unsigned", "UNSIGNED-PAYLOAD", "abc", "UNSIGNED-PAYLOAD"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := make(http.Header)
			if tt.header != "" {
				h.Set("X-Sdk-Content-Sha256", tt.header)
			}
			if got := payloadHash(h, []byte(tt.body)); got != tt.want {
				t.Errorf("payloadHash = %s, want %s", got, tt.want)
			}
		})
	}
}

// Every part of the message changes the signature, so none goes unsigned.
func TestSumCoversEveryPart(t *testing.T) {
	type parts struct{ secret, method, path, query, date, header, body string }
	sum := func(p parts) string {
		req := httptest.NewRequest(p.method, "https://example.com"+p.path+"?"+p.query, nil)
		req.Header.Set("X-Sdk-Date", p.date)
		req.Header.Set("X-Project-Id", p.header)
		canonical := Canonical(req, []string{"host", "x-project-id", "x-sdk-date"}, []byte(p.body))
		return Sum(p.secret, p.date, canonical)
	}
	base := parts{"s", "PUT", "/p", "a=1", "20240102T030405Z", "h", "b"}
	changes := []struct {
		name   string
		change func(*parts)
	}{
		{"secret", func(p *parts) { p.secret = "x" }},
		{"method", func(p *parts) { p.method = "POST" }},
		{"path", func(p *parts) { p.path = "/x" }},
		{"query", func(p *parts) { p.query = "a=2" }},
		{"undecodable query", func(p *parts) { p.query = "a=1&b=%zz" }},
		{"date", func(p *parts) { p.date = "20240102T030406Z" }},
		{"header", func(p *parts) { p.header = "x" }},
		{"body", func(p *parts) { p.body = "b\n" }},
	}
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			p := base
			c.change(&p)
			if sum(p) == sum(base) {
				t.Errorf("a changed %s leaves the signature unchanged", c.name)
			}
		})
	}
}
