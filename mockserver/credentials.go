package mockserver

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Credentials are who may use a mock: see docs/auth.md. They are read only; a mock that has them must be given others to
// change them, by [Server.SetCredentials]. Neither fmt nor slog prints any of it.
type Credentials struct {
	Domain   Domain    // the account that all belongs to; its zero value is one called "counterpart"
	Projects []Project // those that there are, for who looks them up
	Users    []User    // who may get tokens by name and password
	Tokens   []Token
	Keys     []AccessKey

	// Optional lets every request through, as without credentials. The identity endpoints are there all the same.
	Optional bool
}

// Domain is an account.
type Domain struct{ ID, Name string }

// Project is a project of the account. Its name is usually that of a region, by which the vendor's SDK looks it up.
type Project struct{ ID, Name string }

// User is a person or program with a name and password.
type User struct {
	Name, Password string
	Projects       []string // ids or names of those that it may use; nil is every project
}

// Token is a token that was agreed upon, in place of one that a client gets by name and password.
type Token struct {
	Token    string
	User     string    // whose it is; "" for nobody's in particular
	Projects []string  // ids or names of those that it may use; nil is those of the user
	Expires  time.Time // the zero Time is never
}

// AccessKey is a permanent access key, with which requests are signed.
type AccessKey struct {
	Access, Secret string
	User           string   // whose it is; "" for nobody's in particular
	Projects       []string // ids or names of those that it may use; nil is those of the user
}

// String counts what there is, and shows nothing of it.
func (c *Credentials) String() string {
	if c == nil {
		return "no credentials"
	}
	return fmt.Sprintf("credentials of %d users, %d tokens and %d access keys", len(c.Users), len(c.Tokens), len(c.Keys))
}

// Format writes what String returns, whatever the verb: with String alone, %d and %#v would print the fields.
func (c *Credentials) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// LogValue is what String returns.
func (c *Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Format writes the name alone.
func (u User) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "user %q", u.Name) }

// LogValue is the name alone.
func (u User) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(u)) }

// Format writes whose it is.
func (t Token) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "token of %q", t.User) }

// LogValue says whose it is.
func (t Token) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// Format writes the part that is public.
func (k AccessKey) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "access key %q", k.Access) }

// LogValue is the part that is public.
func (k AccessKey) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }

var (
	_ fmt.Formatter  = (*Credentials)(nil)
	_ slog.LogValuer = (*Credentials)(nil)
	_ fmt.Formatter  = AccessKey{}
)

// Check says all that is wrong with the credentials, never with a secret in it: parts that are missing, names that two
// have, users and projects that are named but not there, and that nobody could be let in.
func (c *Credentials) Check() error {
	k := credentialsCheck{projects: map[string]bool{}, users: map[string]bool{}, seen: map[string]bool{}}
	for i, p := range c.Projects {
		where := fmt.Sprintf("projects[%d]", i)
		k.present(where, "id", p.ID)
		k.once(where, "id", p.ID)
		if p.Name != "" {
			k.once(where, "name", p.Name)
		}
		k.projects[p.ID], k.projects[p.Name] = true, true
	}
	for i, u := range c.Users {
		where := fmt.Sprintf("users[%d]", i)
		k.present(where, "name", u.Name)
		k.present(where, "password", u.Password)
		k.once(where, "user", u.Name)
		k.knownProjects(where, u.Projects)
		k.users[u.Name] = true
	}
	for i, t := range c.Tokens {
		where := fmt.Sprintf("tokens[%d]", i)
		k.present(where, "token", t.Token)
		k.once(where, "token", t.Token)
		k.knownUser(where, t.User)
		k.knownProjects(where, t.Projects)
	}
	for i, a := range c.Keys {
		where := fmt.Sprintf("keys[%d]", i)
		k.present(where, "access", a.Access)
		k.present(where, "secret", a.Secret)
		k.once(where, "access", a.Access)
		k.knownUser(where, a.User)
		k.knownProjects(where, a.Projects)
	}
	if len(c.Users)+len(c.Tokens)+len(c.Keys) == 0 {
		k.fail("", "there is no user, token or key: nobody could be let in")
	}
	return k.failed
}

type credentialsCheck struct {
	projects, users map[string]bool
	seen            map[string]bool
	failed          error
}

func (k *credentialsCheck) fail(where, format string, args ...any) {
	if where != "" {
		format = where + ": " + format
	}
	k.failed = errors.Join(k.failed, fmt.Errorf(format, args...))
}

func (k *credentialsCheck) present(where, what, value string) {
	if value == "" {
		k.fail(where, "%s is missing", what)
	}
}

// once refuses what an earlier one has, too. It does not say the value, which may be a secret.
func (k *credentialsCheck) once(where, what, value string) {
	if key := what + "\x00" + value; value != "" && k.seen[key] {
		k.fail(where, "another one before it has the same %s", what)
	} else {
		k.seen[key] = true
	}
}

func (k *credentialsCheck) knownUser(where, name string) {
	if name != "" && !k.users[name] {
		k.fail(where, "there is no user %q under users", name)
	}
}

func (k *credentialsCheck) knownProjects(where string, projects []string) {
	if projects != nil && len(projects) == 0 {
		k.fail(where, "projects is empty; leave it out for every project")
	}
	for _, p := range projects {
		if p == "" || !k.projects[p] {
			k.fail(where, "there is no project %q under projects", p)
		}
	}
}
