package mockserver

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
	"github.com/counterpart-go/counterpart/openapi/signature"
)

// iamTime is how the identity service writes times.
const iamTime = "2006-01-02T15:04:05.000000Z"

// authority knows who the credentials are good for. It never changes. What it issues holds all that there is to know of it,
// under a key made from the credentials: nothing has to be kept, and every mock with the same credentials knows it.
type authority struct {
	optional bool
	domain   Domain
	projects []Project
	users    map[string]passwordHolder
	tokens   map[string]knownToken // by digest, so that looking one up takes the same time for all that are wrong
	keys     map[string]knownKey   // by access key
	secret   []byte
}

type passwordHolder struct {
	password string // a digest
	who      *identity
}

type knownToken struct {
	who     *identity
	expires time.Time // the zero Time is never
}

type knownKey struct {
	who    *identity
	secret string
}

func newAuthority(c *Credentials) (*authority, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	domain := Domain{ID: c.Domain.ID, Name: cmp.Or(c.Domain.Name, "counterpart")}
	domain.ID = cmp.Or(domain.ID, idOf("domain", domain.Name))
	a := &authority{optional: c.Optional, domain: domain, projects: slices.Clone(c.Projects), users: map[string]passwordHolder{},
		tokens: map[string]knownToken{}, keys: map[string]knownKey{}, secret: secretOf(c)}
	for i := range a.projects {
		a.projects[i].Name = cmp.Or(a.projects[i].Name, a.projects[i].ID)
	}
	for _, u := range c.Users {
		a.users[u.Name] = passwordHolder{a.digest("password", u.Password), &identity{u.Name, a.ids(u.Projects)}}
	}
	for _, t := range c.Tokens {
		a.tokens[a.digest("token", t.Token)] = knownToken{a.owner(t.User, t.Projects), t.Expires}
	}
	for _, k := range c.Keys {
		a.keys[k.Access] = knownKey{a.owner(k.User, k.Projects), k.Secret}
	}
	return a, nil
}

// secretOf is a key that only who has the credentials can make.
func secretOf(c *Credentials) []byte {
	plain := *c
	plain.Optional = false // says nothing of who is who
	text, err := json.Marshal(plain)
	if err != nil {
		panic(err) // texts and times
	}
	sum := sha256.Sum256(append([]byte("counterpart credentials\n"), text...))
	return sum[:]
}

// idOf is an id of 32 hexadecimal digits that a name always has.
func idOf(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	return hex.EncodeToString(sum[:16])
}

// owner is whose a credential is: it is good for the projects that it names, else for the user's.
func (a *authority) owner(user string, projects []string) *identity {
	who := &identity{user, a.ids(projects)}
	if known, ok := a.users[user]; ok && who.projects == nil {
		who.projects = known.who.projects
	}
	return who
}

// ids are those of the projects, which are named by id or by name.
func (a *authority) ids(projects []string) []string {
	if projects == nil {
		return nil
	}
	ids := make([]string, 0, len(projects))
	for _, name := range projects {
		if p := a.project(name); p != nil {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// project finds a project by its id, else by its name; nil for none.
func (a *authority) project(name string) *Project {
	for _, of := range []func(Project) string{func(p Project) string { return p.ID }, func(p Project) string { return p.Name }} {
		if i := slices.IndexFunc(a.projects, func(p Project) bool { return of(p) == name }); i >= 0 {
			return &a.projects[i]
		}
	}
	return nil
}

func (a *authority) digest(purpose, text string) string {
	mac := hmac.New(sha256.New, a.secret)
	mac.Write([]byte(purpose + "\x00" + text))
	return string(mac.Sum(nil))
}

// user is who has the name and password; nil for nobody. It takes the same time for a name that nobody has.
func (a *authority) user(name, password string) *identity {
	known := a.users[name]
	if !hmac.Equal([]byte(a.digest("password", password)), []byte(known.password)) {
		return nil
	}
	return known.who
}

// token is whose a token is, else the keyword of what is wrong with it, with values for the answer.
func (a *authority) token(text string, now time.Time) (*identity, string, map[string]string) {
	if known, ok := a.tokens[a.digest("token", text)]; ok {
		if !known.expires.IsZero() && !now.Before(known.expires) {
			return nil, openapi.KeywordExpired, expiredAt(known.expires)
		}
		return known.who, "", nil
	}
	c, ok := a.open(text)
	switch {
	case !ok || c.Access != "":
		return nil, openapi.KeywordUnknownToken, nil
	case c.expired(now):
		return nil, openapi.KeywordExpired, expiredAt(c.until())
	}
	return c.who(), "", nil
}

func expiredAt(t time.Time) map[string]string {
	return map[string]string{"expires_at": t.UTC().Format(iamTime)}
}

// key is the key with which a request says that it is signed, else the keyword of what is wrong with it. A temporary key is
// known by its security token alone; no other key has one.
func (a *authority) key(r *http.Request, access string, now time.Time) (knownKey, string, map[string]string) {
	named := map[string]string{"access": access}
	token, single := signature.SecurityToken(r)
	known, ok := a.keys[access]
	switch {
	case ok && single && token == "":
		return known, "", nil
	case ok || !single:
		return knownKey{}, openapi.KeywordSecurityToken, nil
	case token == "":
		return knownKey{}, openapi.KeywordUnknownKey, named
	}
	c, ok := a.open(token)
	switch {
	case !ok || c.Access == "" || c.Access != access:
		return knownKey{}, openapi.KeywordSecurityToken, nil
	case c.expired(now):
		return knownKey{}, openapi.KeywordExpired, expiredAt(c.until())
	}
	return knownKey{c.who(), a.temporarySecret(access)}, "", nil
}

// claims are what a token, or the security token of a temporary key, says of its owner.
type claims struct {
	Access   string   `json:"a,omitempty"` // of a temporary key; "" for a token
	User     string   `json:"u,omitempty"`
	Projects []string `json:"p"` // nil is every project
	Expires  int64    `json:"e"` // in milliseconds since 1970
}

func (c claims) until() time.Time           { return time.UnixMilli(c.Expires) }
func (c claims) expired(now time.Time) bool { return !now.Before(c.until()) }
func (c claims) who() *identity             { return &identity{c.User, c.Projects} }

// seal makes a text of claims that nobody else can make.
func (a *authority) seal(c claims) string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts and a number
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	return body + "." + base64.RawURLEncoding.EncodeToString([]byte(a.digest("claims", body)))
}

// open reads what seal has made. It is false for anything else.
func (a *authority) open(text string) (claims, bool) {
	body, sum, _ := strings.Cut(text, ".")
	given, err := base64.RawURLEncoding.DecodeString(sum)
	if err != nil || !hmac.Equal(given, []byte(a.digest("claims", body))) {
		return claims{}, false
	}
	var c claims
	plain, err := base64.RawURLEncoding.DecodeString(body)
	return c, err == nil && json.Unmarshal(plain, &c) == nil
}

// temporarySecret is the secret of a temporary key, which nobody has to keep.
func (a *authority) temporarySecret(access string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(a.digest("secret", access)))[:40]
}
