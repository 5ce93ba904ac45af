package contract_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi"
)

// TestMutantsDiffer sends many requests to every mutant: one that answers like the mock breaks nothing, and no suite
// could catch it.
func TestMutantsDiffer(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time")
	}
	spec := newSpec(t)
	if err := spec.Compile(); err != nil {
		t.Fatal(err)
	}
	sound := transcript(t, twist{}, spec, nil)
	if again := transcript(t, twist{}, spec, sound.lines); again.differs != "" {
		t.Fatalf("the mock itself answers in two ways: %s", again.differs)
	}
	var all []mutant
	for _, class := range classes() {
		for i, m := range class.mutants {
			if i%everySound == 0 {
				all = append(all, m)
			}
		}
	}
	differences := make([]string, len(all))
	inPool(len(all), func(i int) { differences[i] = transcript(t, all[i].server, spec, sound.lines).differs })
	for i, m := range all {
		if differences[i] == "" {
			t.Errorf("%s: it answers everything like the mock", m.name)
		}
		t.Logf("%s (shown by %s):%s", m.name, m.shown, differences[i])
	}
}

func shortened(line string) string {
	const most = 400
	if len(line) > most {
		return line[:most] + "…"
	}
	return line
}

// transcript is what a server answers to the requests of a script, one line each, up to the first line that is another
// than wanted.
func transcript(t *testing.T, server twist, spec *openapi.Spec, wanted []string) *script {
	s := &script{t: t, ids: map[string]string{}, wanted: wanted}
	target, stop, err := server.build(spec, new(atomic.Int64))
	if err != nil {
		t.Error(err)
		return s
	}
	defer stop()
	s.target = target
	for _, scene := range []func(){s.lives, s.refusals, s.collections, s.projects, s.boundaries, s.crowds} {
		if s.differs == "" {
			scene()
		}
	}
	return s
}

// script sends requests and writes down the answers. Connections have short names for their ids.
type script struct {
	t       *testing.T
	target  contract.Target
	ids     map[string]string
	lines   []string
	wanted  []string // what a sound server answers; nil when that is what is to be found out
	differs string   // the first line that is another
}

// note writes down a line.
func (s *script) note(line string) {
	at := len(s.lines)
	s.lines = append(s.lines, line)
	if s.wanted != nil && s.differs == "" && (at >= len(s.wanted) || s.wanted[at] != line) {
		s.differs = "\n  broken " + shortened(line)
		if at < len(s.wanted) {
			s.differs = "\n  sound  " + shortened(s.wanted[at]) + s.differs
		}
	}
}

const scriptProject = "ac66f1a5e8f443998ec62c8cb1aefda7"

func (s *script) collection() string { return "/v2/" + scriptProject + "/data-connectors" }

// send writes down status, header and body of an answer. After the first difference nothing is sent.
func (s *script) send(method, path, body, mediaType string) (int, string) {
	if s.differs != "" {
		return 0, ""
	}
	line, status, text := s.exchange(method, path, body, mediaType)
	s.note(line)
	return status, text
}

func (s *script) exchange(method, path, body, mediaType string) (line string, status int, text string) {
	r, err := http.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return "", 0, ""
	}
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	line = method + " " + shortened(path) + " " + shortened(body) + " → "
	answer, err := s.target.Do(r)
	if err != nil {
		return line + "no answer", 0, ""
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		return line + "half an answer", 0, ""
	}
	return line + fmt.Sprintf("%d %s %s", answer.StatusCode, headersOf(answer.Header), bodyOf(answer.Header, read)), answer.StatusCode, string(read)
}

func headersOf(h http.Header) string {
	h = h.Clone()
	for _, name := range []string{"Date", "Content-Length", "Connection"} {
		h.Del(name)
	}
	if h.Get("X-Request-Id") != "" {
		h.Set("X-Request-Id", "there")
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		parts = append(parts, fmt.Sprint(name, h[name]))
	}
	return strings.Join(parts, " ")
}

// bodyOf writes JSON in one way, without times; what the document would call broken stays as it is.
func bodyOf(h http.Header, body []byte) string {
	if id := h.Get("X-Request-Id"); id != "" {
		body = bytes.ReplaceAll(body, []byte(`"`+id+`"`), []byte(`"request"`))
	}
	value, err := openapi.DecodeJSON(body)
	if err != nil {
		return string(body)
	}
	return withoutTimes(value)
}

func withoutTimes(value any) string {
	object, _ := value.(map[string]any)
	list, _ := object["data_connectors"].([]any)
	for _, entry := range list {
		item, _ := entry.(map[string]any)
		for _, name := range []string{"create_time", "last_update_time"} {
			if _, isNumber := item[name].(interface{ Int64() (int64, error) }); isNumber && !strings.Contains(fmt.Sprint(item[name]), ".") {
				delete(item, name)
			}
		}
		if info := opened(item); info != nil {
			item["source_info"] = jsonText(info)
		}
	}
	return jsonText(value)
}

func (s *script) list(query string) { s.send("GET", s.collection()+"?"+query, "", "") }

func (s *script) all() { s.send("GET", s.collection(), "", "") }

// create notes the id under the name.
func (s *script) create(name, kind, info string) {
	status, text := s.send("POST", s.collection(), connection(name, kind, info), "application/json")
	value, _ := openapi.DecodeJSON([]byte(text))
	id, _ := openapi.Lookup(value, "/connector_id")
	if known, ok := id.(string); ok && status < 300 {
		s.ids[name] = url.PathEscape(known)
	}
}

func (s *script) path(name string) string {
	id := s.ids[name]
	if id == "" {
		id = "unknown"
	}
	return s.collection() + "/" + id
}

func (s *script) update(name string, body string) {
	s.send("PUT", s.path(name), body, "application/json")
	s.all()
}

func (s *script) delete(name string) { s.send("DELETE", s.path(name), "", "") }

func connection(name, kind, info string) string {
	return jsonText(map[string]any{"data_connector": map[string]any{"connector_name": name, "source_type": kind, "source_info": info}})
}

// infoOf is a source_info with some keys set to other values; nil takes a key away.
func infoOf(kind string, changes map[string]any) string {
	info := opened(map[string]any{"source_info": soundInfo(kind)})
	info["password"] = "pass-word-of-" + kind
	for name, value := range changes {
		info[name] = value
		if value == nil {
			delete(info, name)
		}
	}
	return jsonText(info)
}

// lives takes a connection of each type through its life.
func (s *script) lives() {
	for _, kind := range sourceTypes() {
		name := "life-" + kind
		s.create(name, kind, infoOf(kind, nil))
		s.list("connector_id=" + s.ids[name])
		s.list("connector_name=" + name)
		s.list("source_type=" + kind)
		for range 4 {
			s.all()
		}
		s.create(name, kind, infoOf(kind, map[string]any{"user_name": "second"}))
		s.create(name, sourceTypes()[0], infoOf(sourceTypes()[0], nil))
		s.all()
		s.update(name, connection(name, kind, infoOf(kind, map[string]any{"db_name": "other", "password": "p2-pass"})))
		s.update(name, connection(name+"-New", kind, infoOf(kind, map[string]any{"user_name": "other", "rds_instance_id": "4" + instanceOf(kind)[1:]})))
		s.list("connector_name=" + name)
		s.list("connector_name=" + name + "-New")
		s.update(name, connection(name, kind, infoOf(kind, map[string]any{"db_name": "third", "user_name": "qu'ote\" ä", "more": 1})))
		s.list("source_type=" + kind)
		s.update(name, connection(name, sourceTypes()[1], infoOf(sourceTypes()[1], map[string]any{"user_name": "x"})))
		s.update(name, connection(name, sourceTypes()[2], infoOf(sourceTypes()[2], nil)))
		s.update(name, connection(name, kind, infoOf(kind, nil)))
		s.update(name, connection(strings.Repeat("l", 64), kind, infoOf(kind, nil)))
		s.delete(name)
		s.all()
		s.list("connector_id=" + s.ids[name])
		s.delete(name)
		s.update(name, connection(name, kind, infoOf(kind, nil)))
		s.create(name, kind, infoOf(kind, nil))
		s.create(name+"-New", kind, infoOf(kind, nil))
		s.delete(name)
		s.delete(name + "-New")
		s.all()
	}
}

func instanceOf(kind string) string {
	return fmt.Sprint(opened(map[string]any{"source_info": soundInfo(kind)})["rds_instance_id"])
}

// collections page through a dozen connections and filter them.
func (s *script) collections() {
	var names []string
	for i := range 12 {
		kind := sourceTypes()[i%3]
		name := fmt.Sprintf("Item_%d", i)
		names = append(names, name)
		s.create(name, kind, infoOf(kind, nil))
		s.all()
	}
	for _, more := range []string{"item_1", "Itemx1"} {
		s.create(more, "RDS_MYSQL", infoOf("RDS_MYSQL", nil))
		names = append(names, more)
	}
	id := s.ids["Item_3"]
	for _, query := range []string{"limit=1", "limit=2", "limit=5", "limit=5&offset=1", "limit=5&offset=2", "limit=5&offset=10", "limit=5&offset=12", "limit=5&offset=14", "limit=1&offset=1",
		"offset=1", "offset=5", "offset=14", "offset=99999", "limit=1000", "offset=0", "connector_name=Item_1", "connector_name=Item", "connector_name=tem_1", "connector_name=ITEM_1",
		"connector_name=nobody", "connector_name=a%20b", "connector_name=%C3%A4", "connector_id=" + id, "connector_id=" + id[:min(8, len(id))], "connector_id=" + strings.ToUpper(id), "connector_id=nobody", "connector_id=a_b",
		"source_type=RDS_MYSQL", "source_type=RDS_POSTGRES", "source_type=gaussdb-mysql", "source_type=RDS_MYSQL&limit=1", "source_type=RDS_POSTGRES&limit=2", "source_type=RDS_POSTGRES&limit=1&offset=1",
		"source_type=RDS_MYSQL&connector_name=Item_1", "source_type=RDS_POSTGRES&connector_name=Item_1", "source_type=RDS_MYSQL&connector_id=" + id, "source_type=gaussdb-mysql&connector_id=" + id,
		"available=true", "available=false", "surprise=1"} {
		s.list(query)
		s.list(query)
	}
	s.update("Item_1", connection("Item_0", "RDS_POSTGRES", infoOf("RDS_POSTGRES", map[string]any{"user_name": "taken"})))
	s.update("Item_4", connection("Item_4", "RDS_POSTGRES", infoOf("RDS_POSTGRES", map[string]any{"user_name": "new"})))
	s.delete("Item_2")
	s.all()
	for _, name := range names {
		s.delete(name)
	}
	s.all()
}

// boundaries are creates and updates at the edge of what is allowed.
func (s *script) boundaries() {
	for i, name := range []string{strings.Repeat("a", 64), strings.Repeat("a", 63), "b", "_c", "-d", "Capital", "capital", "0digits"} {
		s.create(name, "RDS_MYSQL", infoOf("RDS_MYSQL", nil))
		s.all()
		s.list("limit=1&offset=" + fmt.Sprint(i))
		s.delete(name)
	}
	texts := []string{"x", "ä", "😀", `qu"ote`, `back\slash`, "<&>", "with space", " padded ", "CAPITALS", strings.Repeat("long", 100)}
	for _, key := range []string{"db_name", "user_name", "password"} {
		for _, text := range texts {
			for _, kind := range sourceTypes() {
				s.create("text", kind, infoOf(kind, map[string]any{key: text}))
				s.list("connector_name=text")
				s.update("text", connection("text", kind, infoOf(kind, map[string]any{key: text, "more": []any{1}})))
				s.delete("text")
			}
		}
	}
	info := infoOf("RDS_MYSQL", nil)
	for _, other := range []string{" " + info + "\n", strings.ReplaceAll(info, `":`, `": `), strings.ReplaceAll(info, "db_name", `\u0064b_name`), upsideDown(info),
		infoOf("RDS_MYSQL", map[string]any{"rds_instance_id": strings.ToUpper(instanceOf("RDS_MYSQL"))}), infoOf("RDS_MYSQL", map[string]any{"more": nil, "other": map[string]any{"a": 1}})} {
		s.create("info", "RDS_MYSQL", other)
		s.list("connector_name=info")
		s.delete("info")
	}
	sent := connection("body", "RDS_MYSQL", info)
	for _, body := range []string{" " + sent + "\n", strings.Replace(sent, "{", `{"more":1,`, 1), strings.Replace(sent, `"connector_name"`, `"more":1,"connector_name"`, 1)} {
		s.posts(body, "application/json")
	}
	for _, mediaType := range []string{"application/json; charset=utf-8", "Application/JSON"} {
		s.posts(sent, mediaType)
		s.create("media", "RDS_MYSQL", info)
		s.send("PUT", s.path("media"), connection("media", "RDS_MYSQL", info), mediaType)
		s.delete("media")
	}
}

// posts creates and deletes what was created.
func (s *script) posts(body, mediaType string) {
	s.send("POST", s.collection(), body, mediaType)
	s.all()
	s.create("body", "RDS_MYSQL", infoOf("RDS_MYSQL", nil))
	s.delete("body")
}

// refusals are requests that the document forbids, on a connection of each type.
func (s *script) refusals() {
	for _, kind := range sourceTypes() {
		s.create("kept", kind, infoOf(kind, nil))
		for i, body := range invalidBodies(kind) {
			s.send("POST", s.collection(), body, "application/json")
			s.send("PUT", s.path("kept"), body, "application/json")
			if i%8 == 0 {
				s.all()
			}
		}
		s.all()
		for _, mediaType := range []string{"text/plain", "application/xml", "application/x-www-form-urlencoded"} {
			s.send("POST", s.collection(), connection("media", kind, infoOf(kind, nil)), mediaType)
			s.send("PUT", s.path("kept"), connection("kept", kind, infoOf(kind, map[string]any{"user_name": "wrong"})), mediaType)
			s.all()
		}
		s.delete("kept")
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=1.5", "offset=-1", "offset=ten", "source_type=ORACLE", "source_type=rds_mysql", "available=maybe",
		"connector_id=a.b", "connector_id=" + strings.Repeat("a", 65), "connector_id="} {
		s.list(query)
	}
	long := strings.Repeat("a", 65)
	body := connection("path", "RDS_MYSQL", infoOf("RDS_MYSQL", nil))
	for _, project := range []string{"a-b", long, "a%20b"} {
		s.send("GET", "/v2/"+project+"/data-connectors", "", "")
		s.send("POST", "/v2/"+project+"/data-connectors", body, "application/json")
		s.send("PUT", "/v2/"+project+"/data-connectors/a", body, "application/json")
		s.send("DELETE", "/v2/"+project+"/data-connectors/a", "", "")
	}
	for _, id := range []string{"a.b", long, "unknown"} {
		s.send("PUT", s.collection()+"/"+id, body, "application/json")
		s.send("DELETE", s.collection()+"/"+id, "", "")
		s.send("PATCH", s.collection()+"/"+id, body, "application/json")
		s.send("POST", s.collection()+"/"+id, body, "application/json")
	}
	s.all()
}

func invalidBodies(kind string) []string {
	info := infoOf(kind, map[string]any{"user_name": "refused"})
	sound := connection("bad", kind, info)
	bodies := []string{"", "{", sound[:len(sound)-2], sound + sound, sound + " x", "[" + sound + "]", "null", "1", "{}", `{"data_connector":null}`, `{"data_connector":[]}`, `{"data_connector":{}}`}
	set := func(name string, values ...any) {
		for _, value := range values {
			bodies = append(bodies, jsonText(openapi.Set(mustDecode(sound), "/data_connector/"+name, value)))
		}
		inner := mustDecode(sound).(map[string]any)
		delete(inner["data_connector"].(map[string]any), name)
		bodies = append(bodies, jsonText(inner))
	}
	set("connector_name", nil, "", strings.Repeat("n", 65), "a b", "a.b", "ä", "a\n", 1, []any{}, true)
	set("source_type", nil, "", "ORACLE", strings.ToLower(kind), strings.ToUpper(kind), 1)
	set("source_info", nil, "", "x", "{", "[]", "null", "1", `""`, 1, map[string]any{}, "["+info+"]")
	for _, key := range []string{"db_name", "user_name", "password", "rds_instance_id"} {
		for _, value := range []any{nil, "", 1, []any{}} {
			bodies = append(bodies, connection("bad", kind, infoOf(kind, map[string]any{key: value})))
		}
		bodies = append(bodies, connection("bad", kind, strings.Replace(info, `"`+key+`":"`, `"`+key+`":null,"x":"`, 1)))
	}
	for _, instance := range []string{"a", "3aa55f1cb4c3491686936130f21e9f16in0-", "3aa55f1cb4c3491686936130f21e9f16in01x", "3aa55f1cb4c3491686936130f21e9f16in01\n"} {
		bodies = append(bodies, connection("bad", kind, infoOf(kind, map[string]any{"rds_instance_id": instance})))
	}
	if kind == "gaussdb-mysql" {
		bodies = append(bodies, connection("bad", kind, infoOf(kind, map[string]any{"rds_instance_id": "3aa55f1cb4c3491686936130f21e9f16in01"})))
	}
	return bodies
}

func mustDecode(text string) any {
	value, err := openapi.DecodeJSON([]byte(text))
	if err != nil {
		panic(err) // the text is written here
	}
	return value
}

// projects use what is in another project.
func (s *script) projects() {
	body := connection("mine", "RDS_MYSQL", infoOf("RDS_MYSQL", nil))
	s.create("mine", "RDS_MYSQL", infoOf("RDS_MYSQL", nil))
	for _, other := range []string{"other", strings.Repeat("p", 64), "Capital", "a"} {
		base := "/v2/" + other + "/data-connectors"
		s.send("GET", base, "", "")
		s.send("GET", base+"?connector_id="+s.ids["mine"], "", "")
		s.send("PUT", base+"/"+s.ids["mine"], connection("mine", "RDS_MYSQL", infoOf("RDS_MYSQL", map[string]any{"user_name": "theirs"})), "application/json")
		s.all()
		s.send("POST", base, body, "application/json")
		s.send("GET", base, "", "")
		s.send("DELETE", base+"/"+s.ids["mine"], "", "")
		s.all()
	}
	s.delete("mine")
	for i := range 20 {
		name := fmt.Sprintf("many-%d", i)
		s.create(name, "RDS_MYSQL", infoOf("RDS_MYSQL", nil))
		s.list("connector_id=" + s.ids[name])
		s.delete(name)
	}
}

// crowds send requests at the same time; what is written down does not depend on which came first.
func (s *script) crowds() {
	for round := range 5 {
		project := fmt.Sprintf("crowd%d", round)
		base := "/v2/" + project + "/data-connectors"
		same := connection("same", "RDS_MYSQL", infoOf("RDS_MYSQL", nil))
		s.together("POST", []string{base, base, base}, []string{same, same, same})
		s.count(base, "connector_name=same")
		bodies := []string{connection("one", "RDS_MYSQL", infoOf("RDS_MYSQL", nil)), connection("two", "RDS_MYSQL", infoOf("RDS_MYSQL", nil))}
		ids := s.together("POST", []string{base, base}, bodies)
		s.count(base, "")
		if len(ids) != 2 {
			continue
		}
		first, second := base+"/"+url.PathEscape(ids[0]), base+"/"+url.PathEscape(ids[1])
		s.together("PUT", []string{first, second}, []string{connection("both", "RDS_MYSQL", infoOf("RDS_MYSQL", nil)), connection("both", "RDS_MYSQL", infoOf("RDS_MYSQL", nil))})
		s.count(base, "connector_name=both")
		mixed := func(name string) string {
			return connection("mixed", "RDS_MYSQL", infoOf("RDS_MYSQL", map[string]any{"db_name": name, "user_name": name}))
		}
		s.together("PUT", []string{first, first}, []string{mixed("x"), mixed("y")})
		s.unmixed(base, ids[0])
		s.together("DELETE", []string{second, second}, []string{"", ""})
		s.together("POST", []string{base, base + "?"}, []string{connection("three", "RDS_MYSQL", infoOf("RDS_MYSQL", nil)), connection("four", "RDS_MYSQL", infoOf("RDS_MYSQL", nil))})
		s.besideCreate(base)
	}
}

// together sends requests at once, writes down how many were answered with which status and gives the ids of creates.
func (s *script) together(method string, paths, bodies []string) []string {
	statuses, ids := make([]int, len(paths)), make([]string, len(paths))
	var all sync.WaitGroup
	for i := range paths {
		all.Go(func() {
			_, status, text := s.exchange(method, paths[i], bodies[i], "application/json")
			value, _ := openapi.DecodeJSON([]byte(text))
			id, _ := openapi.Lookup(value, "/connector_id")
			statuses[i] = status
			ids[i], _ = id.(string)
		})
	}
	all.Wait()
	slices.Sort(statuses)
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	different := len(slices.Compact(slices.Sorted(slices.Values(ids))))
	s.note(fmt.Sprintf("together %s → %v, %d ids", method, statuses, different))
	return ids
}

func (s *script) count(base, query string) {
	_, status, text := s.exchange("GET", base+"?"+query, "", "")
	r := &reply{body: text}
	s.note(fmt.Sprintf("count %s → %d %d", query, status, len(r.items())))
}

func (s *script) unmixed(base, id string) {
	_, _, text := s.exchange("GET", base+"?connector_id="+url.QueryEscape(id), "", "")
	unmixed := true
	for _, item := range (&reply{body: text}).items() {
		unmixed = unmixed && opened(item)["db_name"] == opened(item)["user_name"]
	}
	s.note(fmt.Sprintf("unmixed → %v", unmixed))
}

// besideCreate lists while a connection is created: those of before are there.
func (s *script) besideCreate(base string) {
	shown := make([]bool, 20)
	var all sync.WaitGroup
	for i := range shown {
		all.Go(func() {
			if i == 0 {
				shown[i] = true
				s.exchange("POST", base, connection("beside", "RDS_MYSQL", infoOf("RDS_MYSQL", nil)), "application/json")
				return
			}
			_, _, text := s.exchange("GET", base, "", "")
			shown[i] = len((&reply{body: text}).items()) > 0
		})
	}
	all.Wait()
	s.note(fmt.Sprintf("beside a create → %v", !slices.Contains(shown, false)))
}
