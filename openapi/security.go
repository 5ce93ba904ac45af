package openapi

import (
	"fmt"
	"strings"
)

// SignedHMAC is the way of signing requests that package signature knows, and the only one that x-counterpart's `signed`
// may name.
const SignedHMAC = "SDK-HMAC-SHA256"

// Types of security schemes (OpenAPI 3.1, section 4.8.27).
const (
	SchemeAPIKey        = "apiKey"
	SchemeHTTP          = "http"
	SchemeOAuth2        = "oauth2"
	SchemeOpenIDConnect = "openIdConnect"
	SchemeMutualTLS     = "mutualTLS"
)

// Keywords of violations of `security`: in which way a request does not show who sent it. [Operation.ValidateRequest]
// looks at no credentials, and so never finds them.
const (
	KeywordNoCredentials = "no-credentials" // none that the operation asks for
	KeywordUnknownToken  = "unknown-token"  // the token, or the user and password, is nobody's
	KeywordExpired       = "expired"        // it was good until a while ago
	KeywordUnknownKey    = "unknown-key"    // the access key is nobody's
	KeywordLockedKey     = "locked-key"     // the access key has failed too often
	KeywordSignature     = "signature"      // it is not that of the request
	KeywordSigningDate   = "signing-date"   // the date of signing is missing, or too far from the server's time
	KeywordSecurityToken = "security-token" // it does not belong to the access key
)

// SecurityScheme is a described way in which a client says who it is.
type SecurityScheme struct {
	Key    string   // in the document's components
	Type   string   // one of the Scheme constants
	In     Location // of an apiKey: header, query or cookie
	Name   string   // of an apiKey: of the header, query parameter or cookie
	Scheme string   // of http: basic, bearer, …, in lower case
	Signed string   // how requests are signed, with [SignedHMAC]; "" where they are not
}

// Security is one alternative of what an operation asks for: all of these schemes at once. None at all lets everybody.
type Security []*SecurityScheme

// describeSecurity reads the schemes of the document. One that is signed says so by x-counterpart.
func (s *Spec) describeSecurity() error {
	s.schemes = map[string]*SecurityScheme{}
	var failed error
	s.root.top().at("components", "securitySchemes").each(func(key string, at place) {
		at, err := s.follow(at)
		if err == nil {
			s.schemes[key], err = s.securityScheme(key, at)
		}
		if failed == nil {
			failed = err
		}
	})
	return failed
}

func (s *Spec) securityScheme(key string, at place) (*SecurityScheme, error) {
	var x struct {
		Signed string `json:"signed"`
	}
	extension := at.at("x-counterpart")
	if err := s.strictly(extension, &x); err != nil {
		return nil, err
	}
	if given := extension.at("signed"); given.ok() && x.Signed != SignedHMAC {
		return nil, s.extensionError(given, fmt.Errorf("signed: %q is not known; it can be %s", x.Signed, SignedHMAC))
	}
	return &SecurityScheme{Key: key, Type: at.text("type"), In: Location(at.text("in")), Name: at.text("name"),
		Scheme: strings.ToLower(at.text("scheme")), Signed: x.Signed}, nil
}

// setSecurity notes what the operation asks for: its own `security`, else that of the document. A requirement that names
// no scheme asks for nothing, see [Spec.Warnings].
func (s *Spec) setSecurity(op *Operation) {
	at := s.root.top().at("security")
	if own := op.at.at("security"); own.ok() {
		at = own
	}
	op.Secured = secured(at)
	at.each(func(_ string, one place) {
		var all Security
		one.each(func(key string, _ place) {
			if scheme := s.schemes[key]; scheme != nil {
				all = append(all, scheme)
			}
		})
		op.Security = append(op.Security, all)
	})
	op.security = at
}

// SecurityRule is where the document says what the operation asks for; the zero Rule where it asks for nothing.
func (o *Operation) SecurityRule() Rule {
	if !o.security.ok() {
		return Rule{}
	}
	return o.security.rule()
}
