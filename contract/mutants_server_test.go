package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// twist makes another server of a mock. A part that is nil leaves things as they are.
type twist struct {
	store  func(mockserver.Store) mockserver.Store                  // what the mock keeps its state in
	serve  func() behaviour                                         // what stands in front of the mock
	target func(http.Handler) (target contract.Target, stop func()) // how it is reached; else without a socket
}

// behaviour answers a request, by asking the mock or by itself.
type behaviour func(m *mock, c *call) *reply

// build makes the server with a mock of its own, and counts its requests. The function
// ends it.
func (tw twist) build(spec *openapi.Spec, requests *atomic.Int64) (contract.Target, func(), error) {
	store := mockserver.Store(mockserver.NewMemory())
	if tw.store != nil {
		store = tw.store(store)
	}
	server, err := mockserver.New(mockserver.Options{Spec: spec, Store: store, Seed: 1})
	if err != nil {
		return nil, nil, err
	}
	handler := http.Handler(server)
	if tw.serve != nil {
		handler = front(&mock{server}, tw.serve())
	}
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler.ServeHTTP(w, r)
	})
	if tw.target == nil {
		return contract.Handler(counted), func() { _ = server.Close() }, nil
	}
	target, closeSocket := tw.target(counted)
	return target, func() { closeSocket(); _ = server.Close() }, nil
}

func front(m *mock, b behaviour) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b(m, newCall(r)).send(w) })
}

// call is a request on its way to the mock.
type call struct {
	request     *http.Request
	operation   string // create, list, update or delete; "" for any other request
	project, id string
	body        []byte
	early       error // why the body ended too early, or nil
}

func newCall(r *http.Request) *call {
	c := &call{request: r}
	if r.Body != nil {
		c.body, c.early = io.ReadAll(r.Body)
	}
	parts := strings.Split(r.URL.Path, "/") // "", v2, project, data-connectors and perhaps an id
	if len(parts) < 4 || len(parts) > 5 || parts[1] != "v2" || parts[3] != "data-connectors" {
		return c
	}
	c.project = parts[2]
	methods := map[string]string{http.MethodPost: "create", http.MethodGet: "list"}
	if len(parts) == 5 {
		c.id = parts[4]
		methods = map[string]string{http.MethodPut: "update", http.MethodDelete: "delete"}
	}
	c.operation = methods[r.Method]
	return c
}

// is says whether the call is of one of the operations, which are separated by spaces; "" stands for all.
func (c *call) is(operations string) bool {
	if operations == "" {
		return true
	}
	for _, name := range strings.Fields(operations) {
		if name == c.operation {
			return true
		}
	}
	return false
}

// value is the decoded body, nil when it is no JSON.
func (c *call) value() map[string]any {
	value, _ := openapi.DecodeJSON(c.body)
	object, _ := value.(map[string]any)
	return object
}

// sent is the connection in the body, nil when there is none.
func (c *call) sent() map[string]any {
	object, _ := c.value()["data_connector"].(map[string]any)
	return object
}

// text is a text of the connection in the body.
func (c *call) text(name string) string {
	text, _ := c.sent()[name].(string)
	return text
}

// info is what the source_info in the body holds.
func (c *call) info() map[string]any { return opened(c.sent()) }

// opened is what the source_info of a connection holds, nil when that is no object.
func opened(connection map[string]any) map[string]any {
	text, _ := connection["source_info"].(string)
	value, _ := openapi.DecodeJSON([]byte(text))
	object, _ := value.(map[string]any)
	return object
}

func (c *call) password() string {
	text, _ := c.info()["password"].(string)
	return text
}

// setSent replaces the body.
func (c *call) setSent(connection map[string]any) {
	c.body = []byte(jsonText(map[string]any{"data_connector": connection}))
}

func (c *call) query(name string) string { return c.request.URL.Query().Get(name) }

func (c *call) setQuery(name, value string) {
	query := c.request.URL.Query()
	query.Set(name, value)
	c.request.URL.RawQuery = query.Encode()
}

func (c *call) dropQuery(names ...string) {
	query := c.request.URL.Query()
	for _, name := range names {
		query.Del(name)
	}
	c.request.URL.RawQuery = query.Encode()
}

// setPath sends the call to another project and connection.
func (c *call) setPath(project, id string) {
	c.project, c.id = project, id
	if changed, err := url.Parse(pathOf(project, id)); err == nil {
		changed.RawQuery = c.request.URL.RawQuery
		c.request.URL = changed
	}
}

// mock is the sound server behind a behaviour.
type mock struct{ handler http.Handler }

// answer is what the mock says to the call as it stands now.
func (m *mock) answer(c *call) *reply {
	r := c.request.Clone(c.request.Context())
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(c.body), early{c.early}))
	r.ContentLength = int64(len(c.body))
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, r)
	return &reply{status: w.Code, header: w.Header(), body: w.Body.String()}
}

// early ends a body with the error with which it ended before.
type early struct{ err error }

func (e early) Read([]byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	return 0, io.EOF
}

// send is a request of the broken server's own.
func (m *mock) send(ctx context.Context, method, path string, body []byte) *reply {
	r := httptest.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return m.answer(newCall(r))
}

// pathOf is the path of a collection, or of a connection in it.
func pathOf(project string, id any) string {
	path := "/v2/" + url.PathEscape(project) + "/data-connectors"
	if id != "" {
		path += "/" + url.PathEscape(fmt.Sprint(id))
	}
	return path
}

// list is what the project has, as the mock lists it under the query.
func (m *mock) list(c *call, query string) []map[string]any {
	return m.send(c.request.Context(), http.MethodGet, pathOf(c.project, "")+"?"+query, nil).items()
}

// find is the listed connection of the id, nil when there is none.
func (m *mock) find(c *call, id string) map[string]any {
	for _, item := range m.list(c, "") {
		if item["connector_id"] == id {
			return item
		}
	}
	return nil
}

// put replaces a connection by what a list shows of it. The password is not shown, so it becomes another one.
func (m *mock) put(c *call, item map[string]any) *reply {
	info := opened(item)
	if info == nil {
		info = map[string]any{}
	}
	if _, ok := info["password"]; !ok {
		info["password"] = "changed"
	}
	connection := map[string]any{"connector_name": item["connector_name"], "source_type": item["source_type"], "source_info": jsonText(info)}
	return m.send(c.request.Context(), http.MethodPut, pathOf(c.project, item["connector_id"]),
		[]byte(jsonText(map[string]any{"data_connector": connection})))
}

func (m *mock) delete(c *call, id any) {
	m.send(c.request.Context(), http.MethodDelete, pathOf(c.project, id), nil)
}

// reply is an answer on its way from the mock.
type reply struct {
	status int
	header http.Header
	body   string
	raw    func() string // what to write to the socket instead; nil for nothing
}

func (r *reply) ok() bool { return r.status >= 200 && r.status < 300 }

func (r *reply) send(w http.ResponseWriter) {
	if r.raw != nil {
		r.sendRaw(w)
		return
	}
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	if r.body != "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

// sendRaw takes the connection from net/http; only a socket has one.
func (r *reply) sendRaw(w http.ResponseWriter) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(connection, r.raw())
	_ = connection.Close()
}

// setBody says something else, as JSON.
func (r *reply) setBody(body any) {
	r.body = jsonText(body)
	r.header.Set("Content-Type", "application/json")
}

func (r *reply) object() map[string]any {
	value, _ := openapi.DecodeJSON([]byte(r.body))
	object, _ := value.(map[string]any)
	return object
}

// items are the connections of a list's answer.
func (r *reply) items() []map[string]any {
	list, _ := r.object()["data_connectors"].([]any)
	items := make([]map[string]any, 0, len(list))
	for _, entry := range list {
		if item, ok := entry.(map[string]any); ok {
			items = append(items, item)
		}
	}
	return items
}

// total is the number that a list's answer states.
func (r *reply) total() int {
	number, _ := r.object()["total_count"].(json.Number)
	n, _ := strconv.Atoi(number.String())
	return n
}

func (r *reply) setList(items []map[string]any, total int) {
	if items == nil {
		items = []map[string]any{}
	}
	r.setBody(map[string]any{"data_connectors": items, "total_count": total})
}

// refusal is an answer in the words of the service.
func refusal(status int, code, message string) *reply {
	r := &reply{status: status, header: http.Header{"X-Request-Id": {"4d3c2b1a"}}}
	r.setBody(map[string]any{"error_code": code, "error_msg": message, "request_id": "4d3c2b1a"})
	return r
}

// success is the answer of an operation that was carried out.
func success(operation string) *reply {
	r := &reply{header: http.Header{"X-Request-Id": {"4d3c2b1a"}}}
	switch operation {
	case "create":
		r.status = http.StatusCreated
		r.setBody(map[string]any{"connector_id": "0822239c1e80d4502f82c008937da9b5"})
	case "list":
		r.status = http.StatusOK
		r.setList(nil, 0)
	case "update":
		r.status = http.StatusOK
		r.setBody(map[string]any{"result": "succeeded"})
	default:
		r.status = http.StatusNoContent
	}
	return r
}

// jsonText is a value as JSON, `<`, `>` and `&` as they are.
func jsonText(value any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		panic(err) // what was decoded can be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// always is a behaviour without memory.
func always(b behaviour) twist { return twist{serve: func() behaviour { return b }} }

// says changes the answers of operations that were carried out.
func says(operations string, change func(*reply)) twist {
	return saysIf(operations, func(*call) bool { return true }, change)
}

// saysIf changes such answers to some calls only.
func saysIf(operations string, fits func(*call) bool, change func(*reply)) twist {
	return always(func(m *mock, c *call) *reply {
		fits := fits(c)
		r := m.answer(c)
		if c.is(operations) && r.ok() && fits {
			change(r)
		}
		return r
	})
}

// saysRefusing changes the answers of operations that were refused with one of the statuses, or any.
func saysRefusing(operations string, change func(*reply), statuses ...int) twist {
	return always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if c.is(operations) && r.status >= 400 && (len(statuses) == 0 || strings.Contains(fmt.Sprint(statuses), strconv.Itoa(r.status))) {
			change(r)
		}
		return r
	})
}

// saysTo changes the answers to calls that are refused because of the state, not because they are invalid: the error
// names what it knows.
func saysTo(operations, words string, change func(*reply)) twist {
	return saysRefusing(operations, func(r *reply) {
		if strings.Contains(r.body, words) {
			change(r)
		}
	})
}

// What the mock says when it refuses because of the state.
const (
	takenName   = "already exists"
	unknownID   = "No data connection with ID"
	otherType   = "Type mismatch"
	anyRefusal  = ""
	invalidBody = "The parameter is invalid"
)

// rejects refuses calls that fit with 400.
func rejects(operations string, fits func(*call) bool) twist {
	return instead(operations, fits, func() *reply { return refusal(http.StatusBadRequest, "12000002", "The parameter is invalid.") })
}

// crashes fails on calls that fit.
func crashes(operations string, fits func(*call) bool) twist {
	return instead(operations, fits, func() *reply { return refusal(http.StatusInternalServerError, "12000004", "Internal server error.") })
}

func instead(operations string, fits func(*call) bool, answer func() *reply) twist {
	return always(func(m *mock, c *call) *reply {
		if c.is(operations) && fits(c) {
			return answer()
		}
		return m.answer(c)
	})
}

// forgives repairs calls before the mock judges them, so that what was wrong is accepted. The repair reports nothing:
// it changes what is wrong and nothing else.
func forgives(operations string, repair func(*call)) twist {
	return always(func(m *mock, c *call) *reply {
		if c.is(operations) {
			repair(c)
		}
		return m.answer(c)
	})
}

// forgivesSent repairs the connection in the body.
func forgivesSent(operations string, repair func(sent map[string]any)) twist {
	return forgives(operations, func(c *call) {
		if sent := c.sent(); sent != nil {
			repair(sent)
			c.setSent(sent)
		}
	})
}

// with does two things to an answer.
func with(changes ...func(*reply)) func(*reply) {
	return func(r *reply) {
		for _, change := range changes {
			change(r)
		}
	}
}

func status(code int) func(*reply) { return func(r *reply) { r.status = code } }

func header(name, value string) func(*reply) {
	return func(r *reply) { r.header[name] = []string{value} }
}

func noHeader(name string) func(*reply) { return func(r *reply) { r.header.Del(name) } }

func body(text string) func(*reply) { return func(r *reply) { r.body = text } }

func noBody(r *reply) {
	r.body = ""
	r.header.Del("Content-Type")
}

// text changes the body as text.
func text(change func(string) string) func(*reply) {
	return func(r *reply) { r.body = change(r.body) }
}

// object changes the body as an object.
func object(change func(body map[string]any)) func(*reply) {
	return func(r *reply) {
		if body := r.object(); body != nil {
			change(body)
			r.setBody(body)
		}
	}
}

func setKey(name string, value any) func(map[string]any) {
	return func(body map[string]any) { body[name] = value }
}

func dropKey(name string) func(map[string]any) {
	return func(body map[string]any) { delete(body, name) }
}

func renameKey(was, is string) func(map[string]any) {
	return func(body map[string]any) {
		if value, ok := body[was]; ok {
			delete(body, was)
			body[is] = value
		}
	}
}

// items changes the connections of a list, each with its place counted from 0.
func items(change func(at int, item map[string]any)) func(*reply) {
	return func(r *reply) {
		list, total := r.items(), r.total()
		for at, item := range list {
			change(at, item)
		}
		r.setList(list, total)
	}
}

func eachItem(change func(item map[string]any)) func(*reply) {
	return items(func(_ int, item map[string]any) { change(item) })
}

// ofType changes only connections of the type.
func ofType(name string, change func(item map[string]any)) func(item map[string]any) {
	return func(item map[string]any) {
		if item["source_type"] == name {
			change(item)
		}
	}
}

// inside changes what source_info holds.
func inside(change func(info map[string]any)) func(item map[string]any) {
	return func(item map[string]any) {
		if info := opened(item); info != nil {
			change(info)
			item["source_info"] = jsonText(info)
		}
	}
}

// infoAs writes source_info in another way.
func infoAs(write func(text string) any) func(item map[string]any) {
	return func(item map[string]any) {
		if text, ok := item["source_info"].(string); ok {
			item["source_info"] = write(text)
		}
	}
}

// infoText is infoAs for text.
func infoText(write func(text string) string) func(item map[string]any) {
	return infoAs(func(text string) any { return write(text) })
}

// overSocket reaches the server through a socket, with a client that knows its certificate.
func overSocket(configure func(*httptest.Server)) func(http.Handler) (contract.Target, func()) {
	return func(h http.Handler) (contract.Target, func()) {
		served := httptest.NewUnstartedServer(h)
		served.Config.ErrorLog = quiet()
		if configure == nil {
			served.Start()
		} else {
			configure(served)
		}
		client := served.Client()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return socketTarget{served.URL, client}, served.Close
	}
}

type socketTarget struct {
	base   string
	client *http.Client
}

func (t socketTarget) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	full, err := url.Parse(t.base + r.URL.RequestURI())
	if err != nil {
		return nil, err
	}
	r.URL, r.Host, r.RequestURI = full, "", ""
	return t.client.Do(r)
}

func (t socketTarget) String() string { return t.base }
