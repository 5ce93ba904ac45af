package mockserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// maxCredentials bounds a file of credentials, in bytes.
const maxCredentials = 1 << 20

// ReadCredentials reads credentials from a YAML or JSON file of at most 1 MB; docs/auth.md describes it. The errors name file
// and line and say what is allowed, all that is wrong at once, and never hold a value of the file that may be a secret.
func ReadCredentials(file string) (*Credentials, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxCredentials+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxCredentials:
		return nil, fmt.Errorf("%s is larger than %d bytes", file, maxCredentials)
	}
	return ParseCredentials(file, data)
}

// ParseCredentials is ReadCredentials for what was read already; name is the file's, for errors.
func ParseCredentials(name string, data []byte) (*Credentials, error) {
	if json.Valid(data) {
		data = bytes.ReplaceAll(data, []byte{'\t'}, []byte{' '}) // none is inside a text, and YAML has them nowhere
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, fmt.Errorf("%s: is neither YAML nor JSON%s", name, yamlLine(err))
	}
	if len(root.Content) == 0 {
		return nil, fmt.Errorf("%s: is empty; %s", name, "it may have domain, projects, users, tokens, keys")
	}
	r, c := &credentialsReader{file: name}, &Credentials{}
	r.credentials(root.Content[0], c)
	if r.failed != nil {
		return nil, r.failed
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// yamlLine is where a text cannot be read. The rest of the message is left out: it quotes the text.
func yamlLine(err error) string {
	var line int
	if _, after, found := strings.Cut(err.Error(), "line "); found {
		if n, _ := fmt.Sscanf(after, "%d", &line); n == 1 {
			return fmt.Sprintf(" (line %d)", line)
		}
	}
	return ""
}

// credentialsReader takes a file apart by hand: a decoder's errors quote values, and do not say what is allowed.
type credentialsReader struct {
	file   string
	failed error
}

// credentialField is a key that an object may have.
type credentialField struct {
	key  string
	read func(*yaml.Node)
}

func (r *credentialsReader) credentials(n *yaml.Node, c *Credentials) {
	r.object(n, []credentialField{
		{"domain", func(n *yaml.Node) {
			r.object(n, []credentialField{r.text("id", &c.Domain.ID), r.text("name", &c.Domain.Name)})
		}},
		{"projects", func(n *yaml.Node) { c.Projects = readList(r, n, r.project) }},
		{"users", func(n *yaml.Node) { c.Users = readList(r, n, r.user) }},
		{"tokens", func(n *yaml.Node) { c.Tokens = readList(r, n, r.token) }},
		{"keys", func(n *yaml.Node) { c.Keys = readList(r, n, r.key) }},
	})
}

func (r *credentialsReader) project(n *yaml.Node, p *Project) {
	r.object(n, []credentialField{r.text("id", &p.ID), r.text("name", &p.Name)})
}

func (r *credentialsReader) user(n *yaml.Node, u *User) {
	r.object(n, []credentialField{r.text("name", &u.Name), r.text("password", &u.Password), r.texts("projects", &u.Projects)})
}

func (r *credentialsReader) token(n *yaml.Node, t *Token) {
	r.object(n, []credentialField{r.text("token", &t.Token), r.text("user", &t.User), r.texts("projects", &t.Projects), {"expires", func(n *yaml.Node) {
		expires, err := time.Parse(time.RFC3339, n.Value)
		if err != nil {
			r.fail(n, "expires must be a time such as 2030-01-31T00:00:00Z")
		}
		t.Expires = expires
	}}})
}

func (r *credentialsReader) key(n *yaml.Node, k *AccessKey) {
	r.object(n, []credentialField{r.text("access", &k.Access), r.text("secret", &k.Secret), r.text("user", &k.User), r.texts("projects", &k.Projects)})
}

func (r *credentialsReader) fail(n *yaml.Node, format string, args ...any) {
	r.failed = errors.Join(r.failed, fmt.Errorf("%s:%d: %s", r.file, n.Line, fmt.Sprintf(format, args...)))
}

func (r *credentialsReader) object(n *yaml.Node, fields []credentialField) {
	allowed := make([]string, len(fields))
	for i, f := range fields {
		allowed[i] = f.key
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "must be an object with %s", strings.Join(allowed, ", "))
		return
	}
	seen := map[string]bool{}
members:
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if seen[key.Value] {
			r.fail(key, "a key is there twice")
			continue
		}
		seen[key.Value] = true
		for _, f := range fields {
			if f.key == key.Value {
				f.read(value)
				continue members
			}
		}
		r.fail(key, "a key is not known; allowed are %s", strings.Join(allowed, ", ")) // it may be a secret in a wrong place
	}
}

func readList[T any](r *credentialsReader, n *yaml.Node, read func(*yaml.Node, *T)) []T {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "must be a list")
		return nil
	}
	items := make([]T, len(n.Content))
	for i, item := range n.Content {
		read(item, &items[i])
	}
	return items
}

func (r *credentialsReader) text(key string, into *string) credentialField {
	return credentialField{key, func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
			r.fail(n, "%s must be a text", key)
		}
		*into = n.Value
	}}
}

func (r *credentialsReader) texts(key string, into *[]string) credentialField {
	return credentialField{key, func(n *yaml.Node) {
		*into = readList(r, n, func(item *yaml.Node, text *string) { r.text(key, text).read(item) })
	}}
}
