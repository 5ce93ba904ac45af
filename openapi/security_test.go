package openapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// secured is a document whose root has the requirements, and whose operation has those of its own.
func secured(schemes, root, own string) string {
	document := "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"
	if root != "" {
		document += "security: " + root + "\n"
	}
	document += "components: {securitySchemes: {" + schemes + "}}\npaths: {/x: {get: {operationId: op, responses: {'200': {description: ok}}"
	if own != "" {
		document += ", security: " + own
	}
	return document + "}}}\n"
}

// alternatives says Security in a line.
func alternatives(op *openapi.Operation) string {
	var all []string
	for _, one := range op.Security {
		var schemes []string
		for _, s := range one {
			schemes = append(schemes, strings.TrimSpace(fmt.Sprint(s.Key, " ", s.Type, " ", s.In, " ", s.Name, s.Scheme, " ", s.Signed)))
		}
		all = append(all, strings.Join(schemes, " and "))
	}
	return strings.Join(all, " or ")
}

func TestSecurityOfOperations(t *testing.T) {
	const schemes = `token: {type: apiKey, in: header, name: X-Token}, user: {type: http, scheme: Basic}, login: {type: openIdConnect, openIdConnectUrl: 'https://x.test'},
  key: {type: apiKey, in: query, name: key, x-counterpart: {signed: SDK-HMAC-SHA256}}`
	swagger := `{"swagger":"2.0","info":{"title":"t","version":"1"},"security":[{"u":[]},{"k":[]}],
"securityDefinitions":{"u":{"type":"basic"},"k":{"type":"apiKey","in":"header","name":"A","x-counterpart":{"signed":"SDK-HMAC-SHA256"}}},
"paths":{"/x":{"get":{"operationId":"op","responses":{"200":{"description":"ok"}}}}}}`
	for _, row := range []struct{ why, document, want string }{
		{"nothing", secured(schemes, "", ""), ""},
		{"of the document", secured(schemes, "[{token: []}]", ""), "token apiKey header X-Token"},
		{"of the operation", secured(schemes, "[{token: []}]", "[{user: []}]"), "user http  basic"},
		{"none of the operation", secured(schemes, "[{token: []}]", "[]"), ""},
		{"alternatives", secured(schemes, "[{user: []}, {login: [a]}]", ""), "user http  basic or login openIdConnect"},
		{"several at once", secured(schemes, "[{user: [], token: []}]", ""), "user http  basic and token apiKey header X-Token"},
		{"signed", secured(schemes, "[{key: []}]", ""), "key apiKey query key SDK-HMAC-SHA256"},
		{"a scheme that is not there", secured(schemes, "[{token: []}, {nope: []}]", ""), "token apiKey header X-Token or "},
		{"of Swagger", swagger, "u http  basic or k apiKey header A SDK-HMAC-SHA256"},
	} {
		t.Run(row.why, func(t *testing.T) {
			if got := alternatives(load(t, "a.yaml", row.document).Operation("op")); got != row.want {
				t.Errorf("asks for %q, not %q", got, row.want)
			}
		})
	}
}

func TestSecurityRule(t *testing.T) {
	spec := load(t, "a.yaml", secured("token: {type: apiKey, in: header, name: X-Token}", "[{token: []}]", ""))
	if got := spec.Operation("op").SecurityRule().String(); got != "a.yaml:3 #/security" {
		t.Errorf("the rule is %s", got)
	}
	spec = load(t, "a.yaml", secured("token: {type: apiKey, in: header, name: X-Token}", "", ""))
	if got := spec.Operation("op").SecurityRule(); got != (openapi.Rule{}) {
		t.Errorf("the rule of nothing is %s", got)
	}
}

func TestSigningThatIsUnknown(t *testing.T) {
	for _, row := range []struct{ extension, want string }{
		{"{signed: SDK-HMAC-SM3}", `x-counterpart: signed: "SDK-HMAC-SM3" is not known; it can be SDK-HMAC-SHA256`},
		{"{signed: ''}", `x-counterpart: signed: "" is not known; it can be SDK-HMAC-SHA256`},
		{"{sign: SDK-HMAC-SHA256}", `x-counterpart: unknown field "sign"`},
		{"SDK-HMAC-SHA256", `x-counterpart: `},
	} {
		document := secured("key: {type: apiKey, in: header, name: A, x-counterpart: "+row.extension+"}", "", "")
		_, err := openapi.Load(write(t, "a.yaml", document))
		if err == nil || !strings.Contains(err.Error(), "a.yaml:3: "+row.want) {
			t.Errorf("%s: the error is %v, not %s", row.extension, err, row.want)
		}
	}
}

// A document below another base path asks for the same.
func TestSecurityUnderABasePath(t *testing.T) {
	spec, err := openapi.Default()
	if err != nil {
		t.Fatal(err)
	}
	moved, err := spec.Under("/mrs")
	if err != nil {
		t.Fatal(err)
	}
	op := moved.Operation("listDataConnectors")
	if got, want := alternatives(op), "token apiKey header X-Auth-Token or signature apiKey header Authorization SDK-HMAC-SHA256"; got != want {
		t.Errorf("asks for %q, not %q", got, want)
	}
	if moved.ProjectParameter() != "project_id" {
		t.Errorf("the project parameter is %q", moved.ProjectParameter())
	}
}
