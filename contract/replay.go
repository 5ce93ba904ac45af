package contract

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/counterpart-go/counterpart/openapi"
)

// replay is a shell script of curl lines that sends an exchange again: first what the case wrote before it, ids taken
// from the answers, at the end what takes away again what was made. Secrets are variables of the environment.
func (s *session) replay(x *Exchange) string {
	if x.request == nil {
		return ""
	}
	var lines, after []string
	ids := map[string]string{} // variable by id
	for _, e := range x.earlier {
		switch {
		case e.request == nil || e.Step.List != nil:
		case s.creates(e):
			flags := "-sS"
			if s.located(e) {
				flags = "-sS -i"
			}
			command := s.curl(e, flags, ids)
			variable := fmt.Sprintf("id%d", len(after)+1)
			lines = append(lines, fmt.Sprintf("%s=$(%s | %s)", variable, command, s.idFrom(e)))
			after = append(after, s.takenAway(e, variable, ids))
			if id := s.createdBy(e); id != "" {
				ids[id] = variable
			}
		default:
			lines = append(lines, s.curl(e, "-sS -o /dev/null", ids))
		}
	}
	command := s.curl(x, "-sS -i", ids)
	if !s.creates(x) {
		return joined(append(lines, command), after)
	}
	lines = append(lines, "answer=$("+command+")", `printf '%s\n' "$answer"`)
	lines = append(lines, fmt.Sprintf(`id=$(printf '%%s\n' "$answer" | %s)`, s.idFrom(x)))
	return joined(lines, append(after, s.takenAway(x, "id", ids)))
}

func joined(lines, after []string) string {
	slices.Reverse(after) // what belongs to an item was made after it
	return strings.Join(append(lines, slices.DeleteFunc(after, func(line string) bool { return line == "" })...), "\n")
}

// creates says whether the exchange created an item, or may when it is sent again: of several that were sent at the same
// time another may be carried out then.
func (s *session) creates(e *Exchange) bool {
	r := s.maker.owner(e.Step.Operation)
	return r != nil && e.Step.creates(r) && (e.Step.Together > 0 || e.succeeded())
}

// createdBy is the id of the item that an exchange created, "" for none.
func (s *session) createdBy(e *Exchange) string {
	if r := s.maker.owner(e.Step.Operation); r != nil && e.Step.creates(r) && e.succeeded() {
		return e.idMade(r)
	}
	return ""
}

// idFrom is a sed command that prints the id in the answer to a creation.
func (s *session) idFrom(e *Exchange) string {
	r := s.maker.owner(e.Step.Operation)
	pointer := r.ID.Created
	name := pointer[strings.LastIndexByte(pointer, '/')+1:]
	switch id := e.idMade(r); {
	case s.located(e):
		return `sed -n 's/^[Ll]ocation: .*\/\([^/?]*\).*/\1/p' | tr -d '\r'`
	case id != "" && id != idOf(e.Body, pointer): // the client has chosen it
		return "sed -n '$s/.*/" + id + "/p'"
	}
	return fmt.Sprintf(`sed -n 's/.*"%s" *: *"\{0,1\}\([^",} ]*\).*/\1/p'`, name)
}

// located says whether the id of what was created stands in the header Location alone.
func (s *session) located(e *Exchange) bool {
	r := s.maker.owner(e.Step.Operation)
	id := e.idMade(r)
	return id != "" && id != idOf(e.Body, r.ID.Created) && id != e.request.path[r.ID.Parameter] && r.ID.Sent == ""
}

// takenAway deletes the item whose id the variable holds; an empty one would lead to the collection.
func (s *session) takenAway(e *Exchange, variable string, ids map[string]string) string {
	const id = "counterpart-id"
	r := s.maker.owner(e.Step.Operation)
	if r.Delete == nil {
		return ""
	}
	others := maps.Clone(ids)
	others[id] = variable
	request, err := s.maker.request(Step{Operation: r.Delete, Arguments: collectionOf(r, e)}, known{item: id})
	if err != nil {
		return ""
	}
	return fmt.Sprintf(`[ -z "$%s" ] || %s`, variable, s.curl(&Exchange{request: request}, "-sS -o /dev/null", others))
}

// collectionOf are the path parameters of the collection that the item was created in.
func collectionOf(r *openapi.Resource, e *Exchange) []Argument {
	var list []Argument
	for _, name := range sortedKeys(e.request.path) {
		if name != r.ID.Parameter {
			list = append(list, inPath(name, e.request.path[name]))
		}
	}
	return list
}

// curl is the command line that sends the exchange's request to the target.
func (s *session) curl(x *Exchange, flags string, ids map[string]string) string {
	parts := []string{"curl", flags, "-X", x.request.method, s.address(x.request.target, ids)}
	for _, name := range sortedKeys(x.request.header) {
		for _, value := range x.request.header[name] {
			parts = append(parts, "-H", s.redactor.shell(name+": "+value))
		}
	}
	if len(x.request.body) > 0 && x.request.header.Get("Content-Type") == "" {
		parts = append(parts, "-H", "'Content-Type:'") // curl would send one of its own
	}
	if len(x.request.body) > 0 {
		parts = append(parts, "--data-binary", s.redactor.shell(string(x.request.body)))
	}
	return strings.Join(append(parts, replayArguments(s.target)...), " ")
}

// address is the URL as one word of a POSIX shell: ids stand in it as variables, where they are a whole segment or value.
func (s *session) address(target string, ids map[string]string) string {
	word, literal := "", nameOf(s.target)
	for target != "" {
		n := 1 + len(target[1:])
		if at := strings.IndexAny(target[1:], "/?&="); at >= 0 {
			n = 1 + at
		}
		if variable, isID := ids[target[1:n]]; isID && n > 1 {
			word, literal = word+s.redactor.shell(literal+target[:1])+`"$`+variable+`"`, ""
		} else {
			literal += target[:n]
		}
		target = target[n:]
	}
	if literal == "" {
		return word
	}
	return word + s.redactor.shell(literal)
}

// maxShown is how much of a body a report shows, in bytes.
const maxShown = 16 << 10

// message is a request or an answer for a report.
func (s *session) message(start string, header http.Header, body []byte) *Message {
	m := &Message{Start: s.redactor.text(start), Header: []string{}}
	for _, name := range sortedKeys(header) {
		for _, value := range header[name] {
			m.Header = append(m.Header, s.redactor.text(name+": "+value))
		}
	}
	text := s.redactor.text(strings.ToValidUTF8(string(body), string(utf8.RuneError)))
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + fmt.Sprintf("\n… and %d bytes more", len(text)-maxShown)
	}
	m.Body = text
	return m
}

// shellQuote makes one word of a POSIX shell.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
