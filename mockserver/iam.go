package mockserver

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/counterpart-go/counterpart/generated/iam"
	"github.com/counterpart-go/counterpart/openapi"
)

const (
	tokenTime        = 24 * time.Hour // for which a token is good (IAM pages)
	temporaryKeyTime = 15 * time.Minute
)

// identityService answers what clients ask before they call another service: the document is openapi.IAM. It keeps nothing.
type identityService struct {
	server *Server // whose credentials may be replaced at any time
	keys   *ids
}

var _ iam.StrictServerInterface = (*identityService)(nil)

// identityHandlers are the handlers by operation id.
func identityHandlers(s *Server) map[string]echo.HandlerFunc {
	h := &identityService{s, newIDs(s.options.Seed, "temporary key")}
	w := iam.ServerInterfaceWrapper{Handler: iam.NewStrictHandler(h, nil)}
	return map[string]echo.HandlerFunc{
		"keystoneListProjects":     w.KeystoneListProjects,
		"keystoneListAuthDomains":  w.KeystoneListAuthDomains,
		"keystoneCreateToken":      w.KeystoneCreateToken,
		"createTemporaryAccessKey": w.CreateTemporaryAccessKey,
	}
}

// serveIdentity adds the identity service to what the server answers for, or takes it away. It is left out where a document
// of the user's own describes the same.
func (s *Server) serveIdentity(wanted bool) error {
	s.replacing.Lock()
	defer s.replacing.Unlock()
	var services []*service
	served := false
	for _, v := range s.site.Load().services {
		served = served || v.identity
		if wanted || !v.identity {
			services = append(services, v)
		}
	}
	if served == wanted {
		return nil
	}
	if wanted {
		spec, err := openapi.IAM()
		if err != nil {
			return err
		}
		services = append(services, &service{spec: spec, bases: spec.Bases(), namespace: freeNamespace(spec, services), identity: true,
			handlers: identityHandlers(s), resources: newResources(Options{Spec: spec, Store: s.store, Now: s.options.Now, Limits: s.limits})})
	}
	next, err := newSite(services)
	var clash *openapi.ClashError
	if errors.As(err, &clash) {
		s.log.Info("the identity endpoints are not served: a document describes them", "reason", err.Error())
		return nil
	}
	if err == nil {
		s.adopt(next)
	}
	return err
}

// authority is nil only while credentials are being taken away.
func (h *identityService) authority() (*authority, error) {
	if a := h.server.authority.Load(); a != nil {
		return a, nil
	}
	return nil, &refusal{reason: openapi.Unavailable, cause: errors.New("there are no credentials any more")}
}

func (h *identityService) now() time.Time { return h.server.options.Now().UTC() }

func (h *identityService) KeystoneListProjects(ctx context.Context, r iam.KeystoneListProjectsRequestObject) (iam.KeystoneListProjectsResponseObject, error) {
	a, err := h.authority()
	if err != nil {
		return nil, err
	}
	projects := []iam.Project{}
	for _, p := range a.projects {
		if senderOf(ctx).mayUse(p.ID) && asked(r.Params.Name, p.Name) && asked(r.Params.DomainId, a.domain.ID) && asked(r.Params.Enabled, true) {
			projects = append(projects, iam.Project{Id: p.ID, Name: p.Name, DomainId: a.domain.ID, ParentId: a.domain.ID, Enabled: true,
				Links: iam.Links{Self: "/v3/projects/" + p.ID}})
		}
	}
	return iam.KeystoneListProjects200JSONResponse{
		Body:    iam.Projects{Links: iam.Links{Self: "/v3/projects"}, Projects: projects},
		Headers: iam.KeystoneListProjects200ResponseHeaders{XRequestId: requestIDOf(ctx)},
	}, nil
}

// asked says whether a value is the one that is asked for, if one is.
func asked[T comparable](wanted *T, value T) bool { return wanted == nil || *wanted == value }

func (h *identityService) KeystoneListAuthDomains(ctx context.Context, _ iam.KeystoneListAuthDomainsRequestObject) (iam.KeystoneListAuthDomainsResponseObject, error) {
	a, err := h.authority()
	if err != nil {
		return nil, err
	}
	own := iam.Domain{Id: a.domain.ID, Name: a.domain.Name, Enabled: true, Links: iam.Links{Self: "/v3/domains/" + a.domain.ID}}
	return iam.KeystoneListAuthDomains200JSONResponse{
		Body:    iam.Domains{Links: iam.Links{Self: "/v3/auth/domains"}, Domains: []iam.Domain{own}},
		Headers: iam.KeystoneListAuthDomains200ResponseHeaders{XRequestId: requestIDOf(ctx)},
	}, nil
}

func (h *identityService) KeystoneCreateToken(ctx context.Context, r iam.KeystoneCreateTokenRequestObject) (iam.KeystoneCreateTokenResponseObject, error) {
	a, err := h.authority()
	if err != nil {
		return nil, err
	}
	now := h.now()
	who, err := a.known(r.Body.Auth.Identity, now)
	if err != nil {
		return nil, err
	}
	c := claims{User: who.user, Projects: who.projects, Expires: now.Add(tokenTime).UnixMilli()}
	domain := iam.Named{Id: &a.domain.ID, Name: &a.domain.Name}
	var answer iam.IssuedToken
	token := &answer.Token
	if scope := r.Body.Auth.Scope; scope != nil && scope.Project != nil {
		p := a.named(scope.Project)
		if p == nil || !who.mayUse(p.ID) {
			return nil, &refusal{reason: openapi.Forbidden, cause: errors.New("the project of the scope is not one of the user's")}
		}
		c.Projects = []string{p.ID}
		token.Project = &iam.Owned{Id: p.ID, Name: p.Name, Domain: domain}
	} else if scope != nil && scope.Domain != nil {
		token.Domain = &domain
	}
	token.IssuedAt, token.ExpiresAt = now.Format(iamTime), c.until().UTC().Format(iamTime)
	token.Methods = []string{string(r.Body.Auth.Identity.Methods[0])}
	token.Catalog, token.Roles = []map[string]any{}, []map[string]any{}
	name := cmp.Or(who.user, user)
	token.User = iam.Owned{Id: userID(name), Name: name, Domain: domain}
	return iam.KeystoneCreateToken201JSONResponse{Body: answer,
		Headers: iam.KeystoneCreateToken201ResponseHeaders{XRequestId: requestIDOf(ctx), XSubjectToken: a.seal(c)}}, nil
}

// known is who asks for a token.
func (a *authority) known(i iam.TokenIdentity, now time.Time) (*identity, error) {
	if i.Methods[0] == iam.TokenIdentityMethodsToken {
		if i.Token == nil || i.Token.Id == nil {
			return nil, wrongBody("/auth/identity/token")
		}
		return a.knownByToken(*i.Token.Id, now)
	}
	if i.Password == nil || i.Password.User.Password == nil || !a.isDomain(i.Password.User.Domain) {
		return nil, wrongBody("/auth/identity/password")
	}
	if who := a.user(i.Password.User.Name, *i.Password.User.Password); who != nil {
		return who, nil
	}
	return nil, wrongBody("/auth/identity/password")
}

func (a *authority) knownByToken(token string, now time.Time) (*identity, error) {
	if who, keyword, _ := a.token(token, now); keyword == "" {
		return who, nil
	}
	return nil, wrongBody("/auth/identity/token")
}

func wrongBody(pointer string) error {
	return &refusal{reason: openapi.Unauthenticated, violations: openapi.Violations{{In: openapi.InBody, Pointer: pointer, Keyword: openapi.KeywordUnknownToken}}}
}

// isDomain says whether the account is the one that there is; a client need not name one.
func (a *authority) isDomain(named *iam.Named) bool {
	return named == nil || asked(named.Id, a.domain.ID) && asked(named.Name, a.domain.Name)
}

// named finds a project by what is said of it; nil for none.
func (a *authority) named(n *iam.Named) *Project {
	for i, p := range a.projects {
		if (n.Id != nil || n.Name != nil) && asked(n.Id, p.ID) && asked(n.Name, p.Name) {
			return &a.projects[i]
		}
	}
	return nil
}

func (h *identityService) CreateTemporaryAccessKey(ctx context.Context, r iam.CreateTemporaryAccessKeyRequestObject) (iam.CreateTemporaryAccessKeyResponseObject, error) {
	a, err := h.authority()
	if err != nil {
		return nil, err
	}
	now, who, lasts := h.now(), senderOf(ctx), temporaryKeyTime
	if token := r.Body.Auth.Identity.Token; token != nil {
		if token.DurationSeconds != nil {
			lasts = time.Duration(*token.DurationSeconds) * time.Second
		}
		if who == nil && token.Id != nil {
			if who, err = a.knownByToken(*token.Id, now); err != nil {
				return nil, err
			}
		}
	}
	if who == nil {
		return nil, &refusal{reason: openapi.Unauthenticated, violations: openapi.Violations{{In: openapi.InHeader, Name: "X-Auth-Token", Keyword: openapi.KeywordNoCredentials}}}
	}
	access := "HST" + strings.ToUpper(h.keys.next()[:17])
	c := claims{Access: access, User: who.user, Projects: who.projects, Expires: now.Add(lasts).UnixMilli()}
	var answer iam.TemporaryKey
	answer.Credential.Access, answer.Credential.Secret = access, a.temporarySecret(access)
	answer.Credential.Securitytoken, answer.Credential.ExpiresAt = a.seal(c), c.until().UTC().Format(iamTime)
	return iam.CreateTemporaryAccessKey201JSONResponse{Body: answer,
		Headers: iam.CreateTemporaryAccessKey201ResponseHeaders{XRequestId: requestIDOf(ctx)}}, nil
}
