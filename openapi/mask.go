package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Masker takes the secrets out of messages, so that anybody may see them; what is no secret stays as it is, to the byte.
// Secrets are what the document marks so (writeOnly, the format password), wherever a property of that name stands and
// also inside JSON that strings hold; the credentials of its security schemes; and what HTTP and common names say is one.
// Of a text that cannot be read, nothing is shown from the first name of a secret on. Make one with [Spec.Masker]; not
// safe for concurrent use.
type Masker struct {
	spec *Spec
	put  func(name, secret string) string
}

// Masker calls put for each secret and writes what it gives in the place of the secret. The name is that of its property,
// parameter or header; "" for a part of a message that cannot be read and may hold one.
func (s *Spec) Masker(put func(name, secret string) string) *Masker {
	s.secrecy.once.Do(func() { s.secrecy.build(s) })
	return &Masker{s, put}
}

// secrecy is how secrets are recognised by their names, worked out at first use.
type secrecy struct {
	once       sync.Once
	properties map[string]bool              // in lower case
	parameters map[Location]map[string]bool // in lower case
	mention    *regexp.Regexp               // a property's name, however a text spells it
	assigned   *regexp.Regexp               // the same with what tells that its value follows
}

func (x *secrecy) build(s *Spec) {
	names := map[string]bool{}
	x.properties = s.oftenSecret()
	for name, secret := range s.secrets {
		if secret {
			names[strings.ToLower(name)] = true
		}
	}
	x.parameters = map[Location]map[string]bool{InPath: {}, InQuery: {}, InHeader: {}, InCookie: {}}
	add := func(in Location, name string) {
		if names := x.parameters[in]; names != nil {
			names[strings.ToLower(name)] = true
		}
	}
	for _, op := range s.operations {
		for _, p := range op.Parameters {
			if p.Schema != nil && s.secretPlace(p.Schema.at) {
				add(p.In, p.Name)
			}
		}
		for _, a := range op.Responses {
			for _, h := range a.Headers {
				if h.Schema != nil && s.secretPlace(h.Schema.at) {
					add(InHeader, h.Name)
				}
			}
		}
	}
	s.root.top().at("components", "securitySchemes").each(func(_ string, scheme place) {
		if scheme, err := s.follow(scheme); err == nil && scheme.text("type") == "apiKey" {
			add(Location(scheme.text("in")), scheme.text("name"))
		}
	})
	x.spell(slices.Sorted(maps.Keys(names)))
}

// oftenSecret are the names, in lower case, by which secrets are known wherever they stand: not those that the document
// gives to more texts that are none, such as the id of a token.
func (s *Spec) oftenSecret() map[string]bool {
	often, balance := map[string]bool{}, map[string]int{}
	for _, d := range s.docs {
		eachSchema(d.root, func(n *yaml.Node) {
			for name, node := range members(child(n, "properties")) {
				property := place{doc: d, node: node}
				switch {
				case s.secretPlace(property):
					often[strings.ToLower(name)] = true
					balance[strings.ToLower(name)]++
				case s.types(property)["string"]:
					balance[strings.ToLower(name)]--
				}
			}
		})
	}
	maps.DeleteFunc(often, func(name string, _ bool) bool { return balance[name] < 0 })
	return often
}

func (x *secrecy) spell(names []string) {
	spellings := make([]string, len(names))
	for i, name := range names {
		for _, c := range name {
			spellings[i] += spellingsOf(c)
		}
	}
	name := "(?i)(?:" + strings.Join(append(spellings, usualSecrets), "|") + ")"
	x.mention = regexp.MustCompile(name)
	x.assigned = regexp.MustCompile(name + `(?:(?:\\*["']|%22|%27|&quot;|&#34;)\s*(?::|%3A)|\s*(?:=|%3D|>|&gt;))`)
}

// spellingsOf are the ways in which JSON (also inside strings of JSON), URLs and XML write a character.
func spellingsOf(c rune) string {
	units, octets := "", ""
	for _, unit := range utf16.Encode([]rune{c}) {
		units += fmt.Sprintf(`\\+u%04x`, unit)
	}
	for _, octet := range []byte(string(c)) {
		octets += fmt.Sprintf(`%%%02x`, octet)
	}
	return fmt.Sprintf(`(?:%s|%s|%s|&#0*%d;|&#x0*%x;)`, regexp.QuoteMeta(string(c)), units, octets, c, c)
}

// secretPlace says whether the document marks what a schema describes as a secret.
func (s *Spec) secretPlace(schema place) (secret bool) {
	s.eachApplied(schema, func(p place) {
		secret = secret || p.flag(KeywordWriteOnly) || p.text("format") == "password"
	})
	return secret
}

// usualSecrets are what documents call secrets that they do not mark, such as those that a server gives out.
const usualSecrets = `(?:[a-z]+[_-]?)?(?:password|passwd|secret)|(?:access|refresh|id|security|session|auth)[_-]?token|(?:api|private|secret|secret[_-]?access)[_-]?key`

var usualSecret = regexp.MustCompile(`(?i)^(?:` + usualSecrets + `)$`)

// secretName says whether a property is a secret wherever it stands.
func (x *secrecy) secretName(name string) bool {
	return x.properties[strings.ToLower(name)] || usualSecret.MatchString(name)
}

// Credentials as HTTP and others name them: parts of names without `-` and `_`, in lower case.
var (
	secretHeaderParts = strings.Fields("authorization cookie token secret password passwd credential apikey signature")
	secretKeyParts    = strings.Fields("secret password passwd credential apikey signature accesstoken authtoken securitytoken sessiontoken refreshtoken idtoken authorization")
)

var separators = strings.NewReplacer("-", "", "_", "")

func hasPart(name string, parts []string) bool {
	plain := separators.Replace(strings.ToLower(name))
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(plain, part) })
}

// SecretParameter says whether the value of a parameter or header is one that a Masker takes out, whatever operation it
// is for.
func (s *Spec) SecretParameter(in Location, name string) bool {
	s.secrecy.once.Do(func() { s.secrecy.build(s) })
	if s.secrecy.parameters[in][strings.ToLower(name)] || s.secrecy.secretName(name) {
		return true
	}
	switch in {
	case InHeader:
		return hasPart(name, secretHeaderParts)
	case InQuery:
		return strings.EqualFold(name, "token") || hasPart(name, secretKeyParts)
	}
	return in == InCookie
}

// Header is the value of a header, without its secrets.
func (m *Masker) Header(name, value string) string {
	if m.spec.SecretParameter(InHeader, name) {
		return m.mask(name, value)
	}
	return m.text(nil, value)
}

// Query is a query, as it was sent, without its secrets.
func (m *Masker) Query(query string) string {
	return m.pairs(query, func(name string) ([]place, bool) { return nil, m.spec.SecretParameter(InQuery, name) })
}

// Path is the path of a request, as it was sent, without the values of the parameters that are secrets.
func (m *Masker) Path(path string, parameters map[string]string) string {
	segments := strings.Split(path, "/")
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		value := parameters[name]
		if value == "" || !m.spec.SecretParameter(InPath, name) {
			continue
		}
		for i, segment := range segments {
			if decoded, err := url.PathUnescape(segment); err == nil && strings.Contains(decoded, value) {
				segments[i] = m.mask(name, value)
			}
		}
	}
	return strings.Join(segments, "/")
}

// Text is words of any kind without the secrets that are assigned in them, as in `password=…`.
func (m *Masker) Text(text string) string { return m.text(nil, text) }

// RequestBody is the body of a request without its secrets; the operation is nil where it is for none.
func (m *Masker) RequestBody(op *Operation, contentType, body string) string {
	if op == nil {
		return m.body(nil, contentType, body)
	}
	return m.body(op.RequestBody.Media(contentType), contentType, body)
}

// ResponseBody is the same for an answer.
func (m *Masker) ResponseBody(op *Operation, status int, contentType, body string) string {
	if op == nil {
		return m.body(nil, contentType, body)
	}
	if answer := op.Answer(status); answer != nil {
		return m.body(media(answer.Content, mediaName(contentType)), contentType, body)
	}
	return m.body(nil, contentType, body)
}

func (m *Masker) body(described *MediaType, contentType, body string) string {
	var schemas []place
	if described != nil && described.Schema != nil {
		schemas = []place{described.Schema.at}
	}
	if mediaName(contentType) == mediaForm {
		return m.pairs(body, func(name string) ([]place, bool) { return m.spec.membersOf(schemas, name), m.isSecret(schemas, name) })
	}
	if masked, ok := m.json(schemas, body, 0); ok {
		return masked
	}
	if m.secretValue(schemas) {
		return m.mask("", body)
	}
	return m.unread(body)
}

// mask takes out a value that is there.
func (m *Masker) mask(name, secret string) string {
	if secret == "" {
		return ""
	}
	return m.put(name, secret)
}

// isSecret says whether the field of a form that the schemas describe is a secret.
func (m *Masker) isSecret(schemas []place, name string) bool {
	return m.spec.secrecy.mention.MatchString(name) || m.secretValue(m.spec.membersOf(schemas, name))
}

func (m *Masker) secretValue(schemas []place) bool {
	return slices.ContainsFunc(schemas, m.spec.secretPlace)
}

// pairs masks a query or a form. A name such as filter[password] holds that of the secret.
func (m *Masker) pairs(text string, judge func(name string) (schemas []place, secret bool)) string {
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(key)
		if err != nil || m.spec.secrecy.assigned.MatchString(name) {
			pairs[i] = m.unread(pair)
			continue
		}
		schemas, secret := judge(name)
		for _, part := range strings.FieldsFunc(name, func(c rune) bool { return strings.ContainsRune("[].", c) }) {
			secret = secret || m.spec.SecretParameter(InQuery, part)
		}
		decoded, err := url.QueryUnescape(value)
		switch {
		case secret && value != "":
			pairs[i] = key + "=" + m.mask(name, cmp.Or(decoded, value))
		case err != nil:
			pairs[i] = m.unread(pair)
		default:
			if masked := m.text(schemas, decoded); masked != decoded {
				pairs[i] = key + "=" + url.QueryEscape(masked)
			}
		}
	}
	return strings.Join(pairs, "&")
}

// unread masks what cannot be read: nobody knows where a secret in it ends.
func (m *Masker) unread(text string) string { return m.cut(m.spec.secrecy.mention, text) }

func (m *Masker) cut(where *regexp.Regexp, text string) string {
	at := where.FindStringIndex(text)
	if at == nil || at[1] == len(text) {
		return text
	}
	return text[:at[1]] + m.mask("", text[at[1]:])
}

// text masks a text that may hold JSON.
func (m *Masker) text(schemas []place, text string) string { return m.textAt(schemas, text, 0) }

func (m *Masker) textAt(schemas []place, text string, depth int) string {
	content, embedded := m.spec.contentOf(schemas)
	if !embedded && (text == "" || !strings.ContainsAny(text[:1], "{[\" \t\r\n")) {
		return m.cut(m.spec.secrecy.assigned, text)
	}
	if masked, ok := m.json(content, text, depth+1); ok {
		return masked
	}
	return m.unread(text)
}

// json masks JSON; false where the text is none.
func (m *Masker) json(schemas []place, text string, depth int) (string, bool) {
	if depth > maxPlaceDepth || !utf8.ValidString(text) {
		return "", false
	}
	e := &maskEdit{Masker: m, decoder: decoder{limits: m.spec.limits, data: []byte(text)}, inside: depth}
	if err := e.value(schemas, "", false); err != nil {
		return "", false
	}
	if e.next(); e.at < len(e.data) {
		return "", false
	}
	return string(append(e.out, e.data[e.done:]...)), true
}

// maskEdit copies JSON text and leaves the secrets out.
type maskEdit struct {
	*Masker
	decoder

	inside int // how many strings
	out    []byte
	done   int // so much of data is in out, or left out
}

func (e *maskEdit) replace(first int, text string) {
	e.out = appendString(append(e.out, e.data[e.done:first]...), text)
	e.done = e.at
}

func (e *maskEdit) value(schemas []place, name string, secret bool) error {
	c := e.next()
	first := e.at
	switch {
	case secret || e.secretValue(schemas):
		return e.leaveOut(name)
	case c == '{':
		return e.object(schemas)
	case c == '[':
		return e.array(schemas, name)
	case c != '"':
		_, err := e.decoder.value()
		return err
	}
	text, err := e.string()
	if err != nil {
		return err
	}
	if masked := e.textAt(schemas, text, e.inside); masked != text {
		e.replace(first, masked)
	}
	return nil
}

// leaveOut leaves out a whole value, unless it says nothing.
func (e *maskEdit) leaveOut(name string) error {
	first := e.at
	value, err := e.decoder.value()
	if err != nil || value == nil || value == "" {
		return err
	}
	secret, isText := value.(string)
	if !isText {
		secret = string(e.data[first:e.at])
	}
	e.replace(first, e.mask(name, secret))
	return nil
}

func (e *maskEdit) object(schemas []place) error {
	more, err := e.open('}')
	for more && err == nil {
		if e.next() != '"' {
			return e.unexpected()
		}
		var name string
		if name, err = e.string(); err != nil {
			return err
		}
		if e.spec.secrecy.assigned.MatchString(name) { // a name is left as it is
			return e.unexpected()
		}
		if e.next() != ':' {
			return e.unexpected()
		}
		e.at++
		described := e.spec.membersOf(schemas, name)
		// Of what holds others, and is described, the document says which of these are secrets.
		whole := len(described) == 0 || !strings.ContainsRune("{[", rune(e.next()))
		if err = e.value(described, name, whole && e.spec.secrecy.secretName(name)); err == nil {
			more, err = e.more('}')
		}
	}
	return err
}

func (e *maskEdit) array(schemas []place, name string) error {
	items := e.spec.itemsOf(schemas)
	more, err := e.open(']')
	for more && err == nil {
		if err = e.value(items, name, false); err == nil {
			more, err = e.more(']')
		}
	}
	return err
}

// membersOf are all schemas that may judge a property of what one of the schemas describes, whether or not a condition
// holds.
func (s *Spec) membersOf(schemas []place, name string) []place {
	return s.innerOf(schemas, func(p place, add func(place)) {
		if property := p.at("properties", name); property.ok() {
			add(property)
			return
		}
		add(p.at("additionalProperties"))
		p.at("patternProperties").each(func(pattern string, property place) {
			if re, err := regexp.Compile(pattern); err != nil || re.MatchString(name) { // who knows what look-around means
				add(property)
			}
		})
	})
}

func (s *Spec) itemsOf(schemas []place) []place {
	return s.innerOf(schemas, func(p place, add func(place)) {
		add(p.at("items"))
		p.at("prefixItems").each(func(_ string, item place) { add(item) })
	})
}

// contentOf are all schemas that may judge the JSON in a string that the schemas describe, and whether one of them says
// that there is any.
func (s *Spec) contentOf(schemas []place) (content []place, embedded bool) {
	content = s.innerOf(schemas, func(p place, add func(place)) {
		embedded = embedded || isJSON(p.text(KeywordEmbedded))
		add(p.at("contentSchema"))
	})
	return content, embedded
}

// innerOf collects schemas, each once.
func (s *Spec) innerOf(schemas []place, visit func(applied place, add func(place))) []place {
	var list []place
	seen := map[*yaml.Node]bool{}
	add := func(p place) {
		if p.ok() && p.node.Kind == yaml.MappingNode && !seen[p.node] {
			seen[p.node] = true
			list = append(list, p)
		}
	}
	for _, schema := range schemas {
		s.eachApplied(schema, func(applied place) { visit(applied, add) })
	}
	return list
}
