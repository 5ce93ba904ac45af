package mockserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver"
)

// journal asks the mock for exchanges.
func (m *mock) journal(query string) (told control.Journal) {
	m.Helper()
	a := m.do(http.MethodGet, "/_counterpart/journal"+query, "")
	a.want(m, http.StatusOK, "")
	if err := json.Unmarshal([]byte(a.body), &told); err != nil {
		m.Fatal(err)
	}
	return told
}

func TestJournalTells(t *testing.T) {
	t.Parallel()
	c := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	srv, m := startKept(t, mockserver.Options{Now: func() time.Time { return c }})
	m.create(project, "a", mysql)
	m.do(http.MethodPost, collection(project)+"?a=b%20c", sound("", mysql), "X-Test", "one")
	m.do(http.MethodDelete, "/nowhere", `{"a":1}`)
	m.journal("") // is not in it
	list := srv.Journal().Exchanges(mockserver.JournalFilter{})
	if len(list) != 3 {
		t.Fatalf("%d exchanges, want 3", len(list))
	}
	created, refused, lost := list[0], list[1], list[2]
	if created.Number != 1 || !created.At.Equal(c) || created.Project != project || created.Status != http.StatusCreated || created.Request.Bytes == 0 || created.Request.Cut ||
		!strings.Contains(created.Request.Body, `\"password\":\"***\"`) || !strings.Contains(created.Response.Body, "connector_id") || created.Violations != nil {
		t.Errorf("%+v", created)
	}
	if v := refused.Violations; refused.Refused != "invalid" || refused.Reason == "" || refused.Request.Query != "a=b%20c" || len(v) != 1 ||
		v[0].In != "body" || v[0].Pointer != "/data_connector/connector_name" || v[0].File != "api.yaml" || v[0].Line == 0 || v[0].Rule == "" || v[0].Words == "" || v[0].Keyword == "" {
		t.Errorf("%+v", refused)
	}
	if lost.Operation != "" || lost.Project != "" || lost.Refused != "unknown-path" || lost.Request.Body != "" || lost.Request.Bytes != 7 || !lost.Request.Cut || lost.Curl == "" {
		t.Errorf("%+v", lost)
	}
	if one, found := srv.Journal().Exchange(refused.RequestID); !found || one.Number != 2 {
		t.Errorf("%v, %+v", found, one)
	}
}

// Whatever is refused before it is judged, or breaks the mock, is told as well.
func TestJournalTellsOfFailures(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{Store: panicking{mockserver.NewMemory()}, Limits: mockserver.Limits{Body: 2000, URL: 500}})
	m.do(http.MethodPost, collection(project), strings.Repeat(" ", 3000)).want(t, http.StatusRequestEntityTooLarge, "")
	m.do(http.MethodPost, collection(project), `{"password":"`+password).want(t, http.StatusBadRequest, "")
	m.do(http.MethodGet, "/"+strings.Repeat("x", 600), "").want(t, http.StatusRequestURITooLong, "")
	m.do(http.MethodGet, collection(project), "").want(t, http.StatusInternalServerError, "")
	for i, want := range []struct {
		refused string
		cut     bool
		curl    bool
	}{{"too-large", true, false}, {"invalid", false, true}, {"too-long", false, true}, {"internal", false, true}} {
		x := srv.Journal().Exchanges(mockserver.JournalFilter{})[i]
		if x.Refused != want.refused || x.Request.Cut != want.cut || (x.Curl != "") != want.curl || strings.Contains(fmt.Sprint(x), password) || strings.Contains(x.Reason, "goroutine") {
			t.Errorf("%+v, want %+v", x, want)
		}
	}
}

// panicking breaks whoever looks into it.
type panicking struct{ mockserver.Store }

func (panicking) View(context.Context, string, func(mockserver.Collection) error) error {
	panic("a bug")
}

func TestJournalFilters(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	m.create("p1", "a", mysql)
	m.create("p2", "a", mysql)
	m.do(http.MethodGet, collection("p1")+"?limit=0", "")
	m.do(http.MethodGet, "/nowhere", "")
	m.do(http.MethodPost, collection("p2"), sound("a", mysql))
	for query, want := range map[string]string{
		"":                              "[1 2 3 4 5]",
		"?limit=2":                      "[4 5]",
		"?after=0&limit=2":              "[1 2]",
		"?after=3":                      "[4 5]",
		"?after=5":                      "[]",
		"?operation=listDataConnectors": "[3]",
		"?method=post":                  "[1 2 5]",
		"?path=/v2/p2":                  "[2 5]",
		"?project=p1":                   "[1 3]",
		"?status=4XX":                   "[3 4 5]",
		"?status=404":                   "[4]",
		"?only=refused":                 "[3 4 5]",
		"?only=violations":              "[3]",
		"?only=stubs":                   "[]",
		"?only=faults":                  "[]",
		"?method=POST&status=201":       "[1 2]",
	} {
		told, numbers := m.journal(query), []int64{}
		for _, x := range told.Exchanges {
			numbers = append(numbers, x.Number)
		}
		if got := fmt.Sprint(numbers); got != want || told.Last != 5 || told.Forgotten != 0 {
			t.Errorf("%s: %s of %d, want %s", query, got, told.Last, want)
		}
	}
	m.do(http.MethodDelete, "/_counterpart/journal?project=p1", "").want(t, http.StatusNoContent, "")
	if told := m.journal(""); len(told.Exchanges) != 3 || told.Forgotten != 2 {
		t.Errorf("one project is forgotten: %+v", told)
	}
	m.do(http.MethodDelete, "/_counterpart/journal", "").want(t, http.StatusNoContent, "")
	m.do(http.MethodGet, "/nowhere", "")
	if told := m.journal("?after=5"); len(told.Exchanges) != 1 || told.Exchanges[0].Number != 6 || told.Forgotten != 5 {
		t.Errorf("the numbers do not go on: %+v", told)
	}
	m.do(http.MethodGet, "/_counterpart/journal/"+unknownID, "").want(t, http.StatusNotFound, "")
	m.do(http.MethodGet, "/_counterpart/journal?status=9XX", "").want(t, http.StatusBadRequest, "")
}

func TestJournalRemembersTheBeginningOfBodies(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{Limits: mockserver.Limits{JournalBody: 100, Body: 2000}})
	m.do(http.MethodPost, collection(project), `{"a":"`+strings.Repeat("x", 200)+`"}`)
	m.do(http.MethodPost, collection(project), `{"a":"`+strings.Repeat("x", 92)+`"}`)
	m.sendChunks(strings.Repeat("x", 3000))
	m.sendChunks("")
	list := srv.Journal().Exchanges(mockserver.JournalFilter{})
	if cut := list[0]; !cut.Request.Cut || cut.Request.Bytes != 208 || len(cut.Request.Body) != 100 || cut.Curl != "" {
		t.Errorf("%+v", cut)
	}
	if whole := list[1]; whole.Request.Cut || whole.Request.Bytes != 100 || len(whole.Request.Body) != 100 || whole.Curl == "" {
		t.Errorf("%+v", whole)
	}
	if unread := list[2]; unread.Refused != "too-large" || !unread.Request.Cut || unread.Curl != "" {
		t.Errorf("%+v", unread)
	}
	if none := list[3]; none.Request.Cut || none.Curl == "" {
		t.Errorf("%+v", none)
	}
}

// Large bodies of unknown length are read one after the other in the same memory, and stay what they were.
func TestJournalKeepsLargeBodiesApart(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{Limits: mockserver.Limits{JournalBody: 1 << 20}})
	for _, letter := range []string{"x", "y"} {
		m.sendChunks(`{"a":"` + strings.Repeat(letter, 200<<10) + `"}`)
	}
	m.sendChunks(strings.Repeat("z", 13<<20)) // is too large
	for i, x := range srv.Journal().Exchanges(mockserver.JournalFilter{})[:2] {
		if want := `{"a":"` + strings.Repeat([]string{"x", "y"}[i], 200<<10) + `"}`; x.Request.Body != want {
			t.Errorf("exchange %d is told with another body: %.20s…", i, x.Request.Body)
		}
	}
}

// sendChunks sends a body whose length nobody announces.
func (m *mock) sendChunks(body string) {
	m.Helper()
	request, err := http.NewRequestWithContext(m.Context(), http.MethodPost, m.url+collection(project), io.MultiReader(strings.NewReader(body)))
	if err != nil {
		m.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	m.send(request)
}

// Who waits is told of the first exchange that passes, and of none when nothing comes.
func TestJournalWaits(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{})
	m.do(http.MethodGet, "/nowhere", "")
	told := make(chan control.Journal, 2)
	for range 2 {
		go func() { told <- m.journal("?after=1&status=200&wait_ms=30000") }()
	}
	for len(told) < 2 { // whoever begins to wait later finds what has come
		m.do(http.MethodGet, "/nowhere", "")
		m.do(http.MethodGet, collection(project), "")
	}
	for range 2 {
		if list := (<-told).Exchanges; len(list) == 0 || list[0].Status != http.StatusOK {
			t.Errorf("%+v", list)
		}
	}
	none := m.journal("?after=1000000&wait_ms=1")
	if none.Last < 3 || len(none.Exchanges) != 0 {
		t.Errorf("%+v", none)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	after := none.Last
	if list := srv.Journal().Wait(ctx, mockserver.JournalFilter{After: &after}).Exchanges; len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// A server that is shut down does not wait for those that wait for exchanges.
func TestShutdownEndsWaiting(t *testing.T) {
	t.Parallel()
	srv, err := mockserver.New(mockserver.Options{Spec: document(t)})
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan struct{})
	server := httptest.NewUnstartedServer(nil)
	server.Config = srv.HTTPServer()
	handler := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(waits)
		handler.ServeHTTP(w, r)
	})
	server.Start()
	answered := make(chan int, 1)
	go func() {
		response, err := plain.Get(server.URL + "/_counterpart/journal?wait_ms=30000")
		if err != nil {
			t.Error(err)
			answered <- 0
			return
		}
		_ = response.Body.Close()
		answered <- response.StatusCode
	}()
	<-waits
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := server.Config.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if status := <-answered; status != http.StatusOK {
		t.Errorf("status %d", status)
	}
}

// Many write, read, clear and wait at once.
func TestJournalAtOnce(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{Limits: mockserver.Limits{JournalEntries: 10}})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 20 {
				m.do(http.MethodPost, collection(fmt.Sprint("p", i)), sound(fmt.Sprint("n", j), mysql))
			}
		})
		all.Go(func() {
			for range 20 {
				srv.Journal().HAR(mockserver.JournalFilter{})
				srv.Journal().Clear("p0")
				m.journal("?after=0&wait_ms=1")
			}
		})
	}
	all.Wait()
	if n, _ := srv.Journal().Extent(); n > 10 {
		t.Errorf("%d entries", n)
	}
}

// Secrets that are anywhere in a request are nowhere in what the journal tells.
func TestJournalShowsNoSecret(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{})
	escaped := strings.ReplaceAll(sound("a", mysql), `\"password\"`, `\"\\u0070assword\"`)
	for _, body := range []string{sound("a", mysql), escaped, sound("a", mysql)[:len(sound("a", mysql))-3], escaped[:len(escaped)-3], `{"password":{"a":["` + password + `"]}}`, `{"a":"x","a":{"password":"` + password + `"}}`, `password=` + password, `{"data_connector":"` + password + `","x":{"password":"` + password + `"}}`} {
		for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded", "text/plain", ""} {
			m.do(http.MethodPost, collection(project)+"?password="+escape(password)+"&token="+escape(password)+"&f[password]="+password+"&%70assword="+password, body,
				"Content-Type", contentType, "Authorization", "Bearer "+password, "X-Auth-Token", password, "X-Subject-Token", password, "X-Security-Token", password,
				"Cookie", "a="+password, "Proxy-Authorization", password, "Password", password, "Api-Key", password, "Referer", "http://h/?password="+password, "X-Echo", password)
		}
	}
	har, err := json.Marshal(srv.Journal().HAR(mockserver.JournalFilter{}))
	if err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(srv.Journal().Query(mockserver.JournalFilter{}))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"the journal": string(told), "the archive": string(har), "the API": m.do(http.MethodGet, "/_counterpart/journal/har", "").body} {
		for _, form := range []string{password, escape(password), strings.ReplaceAll(password, "*", "%2A")} {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%s shows the secret: …%s…", name, text[max(0, at-200):at+len(form)])
			}
		}
	}
	if n := len(srv.Journal().Exchanges(mockserver.JournalFilter{})); n != 32 {
		t.Errorf("%d exchanges", n)
	}
}

// What the identity service gives out is a secret too.
func TestJournalShowsNoCredentials(t *testing.T) {
	g := guard(t, mockserver.Options{})
	token := g.tokenFor(passwordOf("alice", "alice-password", ""))
	key := g.temporaryKey(token, 900)
	g.send(withToken(g.list(ownProject), token))
	text, err := json.Marshal([]any{g.Journal().Query(mockserver.JournalFilter{}), g.Journal().HAR(mockserver.JournalFilter{})})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"alice-password", token, key.Secret, key.SecurityToken} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the journal shows %s", secret)
		}
	}
	for _, shown := range []string{key.Access, "alice", ownProject} {
		if !strings.Contains(string(text), shown) {
			t.Errorf("the journal hides %s", shown)
		}
	}
}

// The curl line sends the same bytes again, its variables put in.
func TestCurlSendsItAgain(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"curl", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs " + program)
		}
	}
	srv, m := startKept(t, mockserver.Options{})
	requests := []struct{ method, path, body, contentType string }{
		{http.MethodPost, collection(project) + "?a=it's%20[1]&b={x}", sound("it's", mysql), "application/json"},
		{http.MethodPost, collection(project), "@/etc/hostname $HOME `id` \\ \"x\"\n\n", "text/plain"},
		{http.MethodPost, collection(project), "\x00\xff'\\0\n", "application/octet-stream"},
		{"M*'DE", "/a/./b/../c", "", ""},
		{http.MethodGet, collection(project), "", ""},
	}
	for _, r := range requests {
		m.do(r.method, r.path, r.body, "Content-Type", r.contentType, "X-Odd", "it's \"$x\"", "X-Empty", "", "X-Auth-Token", password)
	}
	for i, x := range srv.Journal().Exchanges(mockserver.JournalFilter{}) {
		shell := exec.CommandContext(t.Context(), "sh", "-c", x.Curl)
		shell.Env = append(shell.Environ(), "SECRET_X_AUTH_TOKEN="+password, "SECRET_PASSWORD="+password, "no_proxy=*")
		if out, err := shell.CombinedOutput(); err != nil {
			t.Errorf("%s\n%v %s", x.Curl, err, out)
			continue
		}
		last := srv.Journal().Exchanges(mockserver.JournalFilter{Limit: 1})[0]
		if got, want := fmt.Sprint(last.Method, last.Path, last.Request, last.Violations), fmt.Sprint(x.Method, x.Path, x.Request, x.Violations); got != want {
			t.Errorf("request %d: %s\nsent %s\nwant %s", i, x.Curl, got, want)
		}
	}
	shell := exec.CommandContext(t.Context(), "sh", "-c", srv.Journal().Exchanges(mockserver.JournalFilter{Limit: 1})[0].Curl)
	if out, err := shell.CombinedOutput(); err == nil {
		t.Errorf("it is sent without its secrets: %s", out)
	}
}
