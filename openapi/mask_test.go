package openapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

const secretsDocument = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /doors/{pin}:
    post:
      operationId: open
      parameters:
        - {name: pin, in: path, required: true, schema: {type: string, format: password}}
        - {name: Knock, in: header, schema: {type: string, format: password}}
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                name: {type: string}
                id: {type: string}
                token: {type: object, properties: {id: {type: string, format: password}}}
                password: {type: object, properties: {length: {type: integer}, passphrase: {type: string}}}
                passphrase: {type: string, format: password}
                old: {type: array, items: {type: string, writeOnly: true}}
                inner: {type: string, contentMediaType: application/json, contentSchema: {type: object, properties: {any: {$ref: '#/components/schemas/Hidden'}}}}
              patternProperties: {'^s-': {$ref: '#/components/schemas/Hidden'}}
          application/x-www-form-urlencoded: {schema: {type: object, properties: {passphrase: {type: string, format: password}}}}
          text/plain: {schema: {type: string, format: password}}
      responses: {'200': {description: done, content: {application/json: {schema: {type: array, items: {oneOf: [{type: integer}, {$ref: '#/components/schemas/Hidden'}]}}}}}}
components:
  schemas: {Hidden: {type: string, format: password}, Thing: {type: object, properties: {id: {type: string}}}}
  securitySchemes: {Door: {type: apiKey, in: query, name: door}, Bell: {type: apiKey, in: header, name: Bell}}
`

// masked takes the secrets out and shows their names.
func masker(spec *openapi.Spec) *openapi.Masker {
	return spec.Masker(func(name, _ string) string { return "<" + name + ">" })
}

func TestMaskBody(t *testing.T) {
	t.Parallel()
	spec := load(t, "a.yaml", secretsDocument)
	op := spec.Operation("open")
	const jsonType, form = "application/json", "application/x-www-form-urlencoded"
	for _, tc := range []struct{ reason, contentType, body, want string }{
		{"no secret: to the byte", jsonType, "{ \"name\" :\t\"é\\u00e9\", \"n\": 1.0e2}\n", "{ \"name\" :\t\"é\\u00e9\", \"n\": 1.0e2}\n"},
		{"a property, and what is around it as it was", jsonType, `{ "passphrase": "x", "name":"y" }`, `{ "passphrase": "<passphrase>", "name":"y" }`},
		{"its name with escapes and in another case", jsonType, `{"p\u0061ssPhrase": "x"}`, `{"p\u0061ssPhrase": "<passPhrase>"}`},
		{"wherever it is", jsonType, `{"z":[{"passphrase":{"a":"x"}}]}`, `{"z":[{"passphrase":"<passphrase>"}]}`},
		{"what says nothing is shown", jsonType, `{"passphrase":null,"z":{"passphrase":""}}`, `{"passphrase":null,"z":{"passphrase":""}}`},
		{"numbers too", jsonType, `{"passphrase":1234}`, `{"passphrase":"<passphrase>"}`},
		{"twice", jsonType, `{"passphrase":"x","passphrase":"y"}`, `{"passphrase":"<passphrase>","passphrase":"<passphrase>"}`},
		{"an item", jsonType, `{"old":["x","y"]}`, `{"old":["<old>","<old>"]}`},
		{"a pattern", jsonType, `{"s-1":"x","t-1":"y"}`, `{"s-1":"<s-1>","t-1":"y"}`},
		{"inside a string", jsonType, `{"inner":"{\"any\":\"x\",\"passphr\\u0061se\":\"y\",\"c\":1}"}`, `{"inner":"{\"any\":\"<any>\",\"passphr\\u0061se\":\"<passphrase>\",\"c\":1}"}`},
		{"inside a string in a string that nobody describes", jsonType, `{"z":"{\"y\":\"{\\\"passphrase\\\":\\\"x\\\"}\"}"}`, `{"z":"{\"y\":\"{\\\"passphrase\\\":\\\"<passphrase>\\\"}\"}"}`},
		{"broken inside a string", jsonType, `{"inner":"{\"c\":1,\"passphrase\":\"x"}`, `{"inner":"{\"c\":1,\"passphrase<>"}`},
		{"words about it are no secret", jsonType, `{"name":"the passphrase: is required"}`, `{"name":"the passphrase: is required"}`},
		{"words that assign it are", jsonType, `{"name":"near passphrase=x y"}`, `{"name":"near passphrase=<>"}`},
		{"words that quote it are", jsonType, `{"name":"near {\"passphrase\": \"x\"}"}`, `{"name":"near {\"passphrase\":<>"}`},
		{"a name that is mostly none", jsonType, `{"id":"x","token":{"id":"y"},"z":{"id":"x"}}`, `{"id":"x","token":{"id":"<id>"},"z":{"id":"x"}}`},
		{"what holds others is looked into", jsonType, `{"password":{"length":5,"passphrase":"x"}}`, `{"password":{"length":5,"passphrase":"<passphrase>"}}`},
		{"unless nobody describes it", jsonType, `{"z":{"password":{"length":5}}}`, `{"z":{"password":"<password>"}}`},
		{"what documents rarely mark", jsonType, `{"access_token":"x","clientSecret":"x","secret_name":"y","next_token":"z"}`, `{"access_token":"<access_token>","clientSecret":"<clientSecret>","secret_name":"y","next_token":"z"}`},
		{"a name that assigns one", jsonType, `{"passphrase=x":1}`, `{"passphrase<>`},
		{"broken JSON: all behind the name", jsonType, `{"name":"y","passphrase":"x"`, `{"name":"y","passphrase<>`},
		{"broken JSON, the name with escapes", jsonType, `{"name":"y","\u0070assphrase":"x"`, `{"name":"y","\u0070assphrase<>`},
		{"broken JSON without a secret", jsonType, `{"name":"y"`, `{"name":"y"`},
		{"more behind it", jsonType, `{"passphrase":"x"} {}`, `{"passphrase<>`},
		{"a form", form, "name=y&passphrase=x%20&n=%7B%22passphrase%22%3A%22x%22%7D", "name=y&passphrase=<passphrase>&n=%7B%22passphrase%22%3A%22%3Cpassphrase%3E%22%7D"},
		{"a broken form", form, "name=%zz&pas%73phrase=x%zz&a=%zzpassphrase-x", "name=%zz&pas%73phrase=<passphrase>&a=%zzpassphrase<>"},
		{"of a type that is not described", "application/xml", "<a><passphrase>x</passphrase></a>", "<a><passphrase<>"},
		{"a secret of its own", "text/plain", "x", "<>"},
		{"no body", "text/plain", "", ""},
	} {
		if got := masker(spec).RequestBody(op, tc.contentType, tc.body); got != tc.want {
			t.Errorf("%s: %s is shown as\n%s, want\n%s", tc.reason, tc.body, got, tc.want)
		}
	}
	if got := masker(spec).ResponseBody(op, 200, jsonType, `["x", 5]`); got != `["<>", "<>"]` {
		t.Errorf("an answer is shown as %s", got)
	}
	if got := masker(spec).ResponseBody(nil, 404, jsonType, `{"passphrase":"x"}`); got != `{"passphrase":"<passphrase>"}` {
		t.Errorf("an answer of no operation is shown as %s", got)
	}
}

func TestMaskParameters(t *testing.T) {
	t.Parallel()
	m := masker(load(t, "a.yaml", secretsDocument))
	for _, tc := range []struct{ got, want string }{
		{m.Header("Accept", "*/*"), "*/*"},
		{m.Header("Authorization", "Bearer x"), "<Authorization>"},
		{m.Header("X-Subject-Token", "x"), "<X-Subject-Token>"},
		{m.Header("Cookie", "x"), "<Cookie>"},
		{m.Header("Bell", "x"), "<Bell>"},
		{m.Header("knock", "x"), "<knock>"},
		{m.Header("Passphrase", "x"), "<Passphrase>"},
		{m.Header("Referer", "/?passphrase=x"), "/?passphrase=<>"},
		{m.Query("limit=1&door=x&d%6For=&a"), "limit=1&door=<door>&d%6For=&a"},
		{m.Query("filter[passphrase]=x&page_token=5"), "filter[passphrase]=<filter[passphrase]>&page_token=5"},
		{m.Query("access_token=x&X-Amz-Signature=x"), "access_token=<access_token>&X-Amz-Signature=<X-Amz-Signature>"},
		{m.Path("/doors/a%62c", map[string]string{"pin": "abc"}), "/doors/<pin>"},
		{m.Path("/doors/abc", map[string]string{"id": "abc"}), "/doors/abc"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s, want %s", tc.got, tc.want)
		}
	}
}

// FuzzMask puts a secret into a place that has the name of one and lets the fuzzer break what is around it. However it
// is broken, the secret is not shown.
func FuzzMask(f *testing.F) {
	const canary = "cAnaRy7f3d"
	spec, err := openapi.Default()
	if err != nil {
		f.Fatal(err)
	}
	op := spec.Operation("createDataConnector")
	f.Add("application/json", `{"data_connector":{"source_info":"{\"`, `\"}"}}`, uint8(1))
	f.Add("application/json", `{"a":[{`, `}]}`, uint8(0))
	f.Add("application/json", `{"a":"x`, ``, uint8(3))
	f.Add("application/x-www-form-urlencoded", `a=b&`, `&c=%zz`, uint8(4))
	f.Add("application/xml", `<a>`, `</a>`, uint8(5))
	f.Add("", `password`, `password=`, uint8(2))
	assignments := []string{`"password":"%s"`, `\"password\":\"%s\"`, `"\u0070assword" : "%s"`, `\"\\u0070assword\":\"%s\"`, `password=%s`, `<password>%s</password>`, `pass%%77ord=%s`}
	f.Fuzz(func(t *testing.T, contentType, before, after string, how uint8) {
		body := before + fmt.Sprintf(assignments[int(how)%len(assignments)], canary) + after
		if strings.Contains(before+after, canary) {
			return // the canary stands elsewhere, too, where nothing says that it is secret
		}
		for _, shown := range []string{masker(spec).RequestBody(op, contentType, body), masker(spec).ResponseBody(op, 200, contentType, body)} {
			if strings.Contains(shown, canary) {
				t.Errorf("%q of %q is shown as %q", body, contentType, shown)
			}
		}
	})
}
