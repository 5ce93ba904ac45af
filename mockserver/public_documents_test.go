package mockserver_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// publicService is what a person would try with a service that this public document describes. Nothing is configured: the
// document is all that the mock knows.
type publicService struct {
	document string
	calls    []call
}

// call is one request and its answer.
type call struct {
	request string            // METHOD target; {name} stands for what an earlier step kept
	body    string            // of the media type, JSON by default
	media   string            // the body's, when it is not application/json
	status  int               // of the answer
	has     map[string]string // JSON Pointers into the answer → texts; "" stands for: it must not be there
	keep    map[string]string // name → JSON Pointer into the answer, for later steps
	count   map[string]int    // JSON Pointers into the answer → the number of items
}

func publicServices() []publicService {
	return []publicService{
		{"wfd/http-patch-spring.json", []call{
			{request: "GET /contacts", status: 200, count: map[string]int{"": 0}},
			{request: "POST /contacts", body: `{"name":"Ann","birthday":"1990-01-01","phones":[{"phone":"1","type":"home"}],"notes":"old"}`, status: 200},
			{request: "POST /contacts", body: `{"birthday":"1990-01-01"}`, status: 400},
			{request: "GET /contacts", status: 200, count: map[string]int{"": 1}, has: map[string]string{"/0/name": "Ann"}, keep: map[string]string{"id": "/0/id"}},
			{request: "PATCH /contacts/{id}", media: "application/merge-patch+json", body: `{"notes":null,"favorite":true}`, status: 200},
			{request: "GET /contacts/{id}", status: 200, has: map[string]string{"/name": "Ann", "/favorite": "true", "/notes": "", "/phones/0/phone": "1"}},
			{request: "PATCH /contacts/{id}", media: "application/json-patch+json", body: `[{"op":"replace","path":"/name","value":"Bea"}]`, status: 400}, // the document wants an object
			{request: "PUT /contacts/{id}", body: `{"name":"Cyd"}`, status: 200},
			{request: "GET /contacts/{id}", status: 200, has: map[string]string{"/name": "Cyd", "/favorite": "", "/birthday": ""}},
			{request: "DELETE /contacts/{id}", status: 200},
			{request: "GET /contacts/{id}", status: 404},
			{request: "DELETE /contacts/{id}", status: 404},
		}},
		{"wfd/swagger-petstore.json", []call{
			{request: "POST /api/v3/user", body: `{"username":"ann","firstName":"Ann","password":"secret"}`, status: 200, has: map[string]string{"/username": "ann"}},
			{request: "POST /api/v3/user", body: `{"username":"ann"}`, status: 409},
			{request: "GET /api/v3/user/ann", status: 200, has: map[string]string{"/firstName": "Ann"}},
			{request: "PUT /api/v3/user/ann", body: `{"username":"ann","firstName":"Anna"}`, status: 200},
			{request: "GET /api/v3/user/ann", status: 200, has: map[string]string{"/firstName": "Anna"}},
			{request: "DELETE /api/v3/user/ann", status: 200},
			{request: "GET /api/v3/user/ann", status: 404},
			{request: "POST /api/v3/pet", body: `{"name":"Rex","photoUrls":[],"status":"sold"}`, status: 200, has: map[string]string{"/name": "Rex"}, keep: map[string]string{"pet": "/id"}},
			{request: "GET /api/v3/pet/{pet}", status: 200, has: map[string]string{"/name": "Rex", "/status": "sold"}},
			{request: "GET /api/v3/pet/99999", status: 404},
			{request: "GET /api/v3/pet/x", status: 400},
			{request: "DELETE /api/v3/pet/{pet}", status: 200},
			{request: "GET /api/v3/pet/{pet}", status: 404},
			{request: "POST /api/v3/store/order", body: `{"petId":1,"quantity":2,"status":"placed"}`, status: 200, keep: map[string]string{"order": "/id"}},
			{request: "GET /api/v3/store/order/{order}", status: 200, has: map[string]string{"/quantity": "2"}},
		}},
		{"wfd/rest-news.json", []call{
			{request: "POST /news", body: `{"authorId":"ann","country":"Norway","text":"one"}`, status: 200, keep: map[string]string{"one": ""}},
			{request: "POST /news", body: `{"authorId":"bea","country":"Norway","text":"two"}`, status: 200, keep: map[string]string{"two": ""}},
			{request: "GET /news", status: 200, count: map[string]int{"": 2}},
			{request: "GET /news?country=Norway&authorId=bea", status: 200, count: map[string]int{"": 1}, has: map[string]string{"/0/text": "two"}},
			{request: "GET /news?country=Chad", status: 200, count: map[string]int{"": 0}},
			{request: "PUT /news/{one}", body: `{"authorId":"ann","country":"Chad","text":"new"}`, status: 200},
			{request: "GET /news/{one}", status: 200, has: map[string]string{"/text": "new", "/country": "Chad"}},
			{request: "GET /news?country=Chad", status: 200, count: map[string]int{"": 1}},
			{request: "DELETE /news/{two}", status: 204},
			{request: "GET /news/{two}", status: 404},
			{request: "GET /news", status: 200, count: map[string]int{"": 1}},
		}},
		{"wfd/microcks.json", []call{
			{request: "POST /api/jobs", body: `{"name":"a","repositoryUrl":"https://example.com/a"}`, status: 200, keep: map[string]string{"a": "/id"}},
			{request: "POST /api/jobs", body: `{"name":"b"}`, status: 200, keep: map[string]string{"b": "/id"}},
			{request: "POST /api/jobs", body: `{"name":"c"}`, status: 200},
			{request: "GET /api/jobs?page=0&size=2", status: 200, count: map[string]int{"": 2}, has: map[string]string{"/0/name": "a"}},
			{request: "GET /api/jobs?page=1&size=2", status: 200, count: map[string]int{"": 1}, has: map[string]string{"/0/name": "c"}},
			{request: "GET /api/jobs?name=b", status: 200, count: map[string]int{"": 1}, has: map[string]string{"/0/name": "b"}},
			{request: "GET /api/jobs/{b}", status: 200, has: map[string]string{"/name": "b"}},
			{request: "DELETE /api/jobs/{b}?username=me", status: 200},
			{request: "GET /api/jobs/{b}", status: 404},
			{request: "GET /api/jobs", status: 200, count: map[string]int{"": 2}},
			{request: "POST /api/secrets", body: `{"name":"s","username":"u"}`, status: 200, keep: map[string]string{"s": "/id"}},
			{request: "PUT /api/secrets/{s}", body: `{"name":"t"}`, status: 200, has: map[string]string{"/name": "t", "/username": ""}},
		}},
		{"wfd/pay-publicapi.json", []call{
			{request: "POST /v1/agreements", body: `{"reference":"r1","description":"first"}`, status: 201, keep: map[string]string{"one": "/agreement_id"}, has: map[string]string{"/reference": "r1"}},
			{request: "POST /v1/agreements", body: `{"reference":"r2","description":"second"}`, status: 201},
			{request: "POST /v1/agreements", body: `{"reference":3,"description":"third"}`, status: 400},
			{request: "GET /v1/agreements/{one}", status: 200, has: map[string]string{"/description": "first"}},
			{request: "GET /v1/agreements?status=cancelled", status: 200, count: map[string]int{"/results": 0}, has: map[string]string{"/total": "0"}},
			{request: "GET /v1/agreements?status=odd", status: 422},
			{request: "GET /v1/agreements?page=2&display_size=1", status: 200, count: map[string]int{"/results": 1}, has: map[string]string{"/results/0/reference": "r2", "/total": "2"}},
			{request: "GET /v1/agreements/none", status: 404},
			{request: "POST /v1/payments", body: `{"amount":1000,"reference":"p","description":"a payment","return_url":"https://example.com/"}`, status: 201, keep: map[string]string{"payment": "/payment_id"}},
			{request: "POST /v1/payments/{payment}/refunds", body: `{"amount":400}`, status: 200, keep: map[string]string{"refund": "/refund_id"}},
			{request: "GET /v1/payments/{payment}/refunds/{refund}", status: 200, has: map[string]string{"/amount": "400"}},
			{request: "GET /v1/payments/{payment}/refunds", status: 200, count: map[string]int{"/_embedded/refunds": 1}},
			{request: "GET /v1/payments/none/refunds", status: 404},
			{request: "POST /v1/payments/none/refunds", body: `{"amount":400}`, status: 404},
		}},
	}
}

func TestPublicDocumentsAreServed(t *testing.T) {
	root := cmp.Or(os.Getenv("COUNTERPART_CORPUS"), filepath.Join("..", "..", "shared", "corpus"))
	if _, err := os.Stat(root); err != nil {
		t.Skipf("there are no public documents: %v; COUNTERPART_CORPUS names their folder", err)
	}
	for _, s := range publicServices() {
		t.Run(s.document, func(t *testing.T) { s.play(t, filepath.Join(root, filepath.FromSlash(s.document))) })
	}
}

func (s publicService) play(t *testing.T, file string) {
	spec, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	mock, err := mockserver.New(mockserver.Options{Spec: spec, Seed: 1, Now: func() time.Time { return time.Unix(1_700_000_000, 0).UTC() }})
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{}
	for _, c := range s.calls {
		c.take(t, mock, kept)
	}
}

func (c call) take(t *testing.T, mock http.Handler, kept map[string]string) {
	t.Helper()
	method, target, _ := strings.Cut(c.request, " ")
	for name, text := range kept {
		target = strings.ReplaceAll(target, "{"+name+"}", text)
	}
	r := httptest.NewRequest(method, target, strings.NewReader(c.body))
	if c.body != "" {
		r.Header.Set("Content-Type", cmp.Or(c.media, "application/json"))
	}
	w := httptest.NewRecorder()
	mock.ServeHTTP(w, r)
	if w.Code != c.status {
		t.Errorf("%s is answered with %d, want %d: %s", c.request, w.Code, c.status, w.Body)
	}
	c.look(t, w, kept)
}

// look holds the answer's body to the step.
func (c call) look(t *testing.T, w *httptest.ResponseRecorder, kept map[string]string) {
	t.Helper()
	if len(c.has)+len(c.keep)+len(c.count) == 0 {
		return
	}
	value, err := openapi.DecodeJSON(w.Body.Bytes())
	if err != nil {
		t.Fatalf("%s: %v: %s", c.request, err, w.Body)
	}
	for pointer, want := range c.has {
		got, there := openapi.Lookup(value, pointer)
		if there != (want != "") || there && fmt.Sprint(got) != want {
			t.Errorf("%s: %s is %v, want %q: %s", c.request, pointer, got, want, w.Body)
		}
	}
	for pointer, want := range c.count {
		if got, _ := openapi.Lookup(value, pointer); !hasItems(got, want) {
			t.Errorf("%s: %q has not %d items: %s", c.request, pointer, want, w.Body)
		}
	}
	for name, pointer := range c.keep {
		got, there := openapi.Lookup(value, pointer)
		if !there {
			t.Fatalf("%s: there is no %s: %s", c.request, pointer, w.Body)
		}
		kept[name] = fmt.Sprint(got)
	}
}

func hasItems(value any, want int) bool {
	list, isList := value.([]any)
	return isList && len(list) == want
}
