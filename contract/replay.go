package contract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// replay is a shell script of curl lines that sends an exchange again: first what the case wrote before it, ids taken
// from the answers, at the end what takes away again what was made. Secrets are variables of the environment.
func (s *session) replay(x *Exchange) string {
	if x.request == nil {
		return ""
	}
	var before, after []string
	ids := map[string]string{} // variable by id
	for _, e := range append(slices.Clone(x.earlier), x) {
		id := s.createdBy(e)
		switch {
		case e.request == nil || e != x && e.Step.List != nil:
		case e != x && id != "":
			ids[id] = fmt.Sprintf("id%d", len(ids)+1)
			before = append(before, fmt.Sprintf("%s=$(%s | %s)", ids[id], s.curl(e, "-sS", ids), idFrom(e)))
			after = append(after, s.takenAway(e, id, ids))
		case e != x:
			before = append(before, s.curl(e, "-sS -o /dev/null", ids))
		}
	}
	lines := append(before, s.curl(x, "-sS -i", ids))
	return strings.Join(append(lines, slices.DeleteFunc(after, func(line string) bool { return line == "" })...), "\n")
}

// createdBy is the id of the item that an exchange created, "" for none.
func (s *session) createdBy(e *Exchange) string {
	if r := s.maker.owner(e.Step.Operation); r != nil && r.Create == e.Step.Operation && e.succeeded() {
		return idOf(e.Body, r.ID.Created)
	}
	return ""
}

// idFrom is a sed command that prints the id in the answer to a creation.
func idFrom(e *Exchange) string {
	pointer := e.Case.Resource.ID.Created
	name := pointer[strings.LastIndexByte(pointer, '/')+1:]
	return fmt.Sprintf(`sed -n 's/.*"%s" *: *"\{0,1\}\([^",} ]*\).*/\1/p'`, name)
}

func (s *session) takenAway(e *Exchange, id string, ids map[string]string) string {
	r := s.maker.owner(e.Step.Operation)
	if r.Delete == nil {
		return ""
	}
	request, err := s.maker.request(Step{Operation: r.Delete}, id)
	if err != nil {
		return ""
	}
	return s.curl(&Exchange{request: request}, "-sS -o /dev/null", ids)
}

// curl is the command line that sends the exchange's request to the target.
func (s *session) curl(x *Exchange, flags string, ids map[string]string) string {
	parts := []string{"curl", flags, "-X", x.request.method, s.word(nameOf(s.target)+x.request.target, ids)}
	for _, name := range sortedKeys(x.request.header) {
		for _, value := range x.request.header[name] {
			parts = append(parts, "-H", s.word(name+": "+value, ids))
		}
	}
	if len(x.request.body) > 0 && x.request.header.Get("Content-Type") == "" {
		parts = append(parts, "-H", "'Content-Type:'") // curl would send one of its own
	}
	if len(x.request.body) > 0 {
		parts = append(parts, "--data-binary", s.word(string(x.request.body), ids))
	}
	return strings.Join(append(parts, replayArguments(s.target)...), " ")
}

// word is one word of a POSIX shell: ids and secrets stand in it as variables.
func (s *session) word(text string, ids map[string]string) string {
	quoted := s.redactor.shell(text)
	for _, id := range sortedKeys(ids) {
		quoted = strings.ReplaceAll(quoted, id, `'"$`+ids[id]+`"'`)
	}
	return quoted
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
