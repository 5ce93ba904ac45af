package mockserver_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/counterpart-go/counterpart/generated"
	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// Each benchmark of the mock has a sibling: an echo server that decodes and encodes the same JSON, keeps it, and checks
// nothing. The sub-benchmark ratio measures both in turns, so that what else the machine does hits both: it reports the
// time of the mock divided by that of the bare server.

func BenchmarkCreate(b *testing.B) {
	mock, bare := benchServers(b, 0)
	compare(b, creator(mock), creator(bare))
}

// BenchmarkCreateWithStubs has a thousand stubs: for another operation, and for other cases of this one.
func BenchmarkCreateWithStubs(b *testing.B) {
	for _, operation := range []string{"updateDataConnector", "createDataConnector"} {
		b.Run(operation, func(b *testing.B) {
			mock, err := mockserver.New(mockserver.Options{Spec: document(b), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
			if err != nil {
				b.Fatal(err)
			}
			stubs := make([]mockserver.Stub, 1000)
			for i := range stubs {
				stubs[i].When = mockserver.Match{Operation: operation, Where: []mockserver.Condition{
					{In: "body", Pointer: "/data_connector/connector_name", Equals: fmt.Sprintf("other-%d", i)}}}
			}
			if err := mock.Stub(stubs...); err != nil {
				b.Fatal(err)
			}
			run(b, creator(mock))
		})
	}
}

// BenchmarkRefuse stands beside a bare server that does not look.
func BenchmarkRefuse(b *testing.B) {
	mock, bare := benchServers(b, 0)
	body := sound("bench", mysql, "password", "")
	compare(b, poster(mock, body, http.StatusBadRequest), poster(bare, body, http.StatusCreated))
}

func BenchmarkList(b *testing.B) {
	mock, bare := benchServers(b, 10)
	compare(b, lister(mock), lister(bare))
}

// BenchmarkValidateRequest and BenchmarkValidateResponse are the contract's part of the two above.
func BenchmarkValidateRequest(b *testing.B) {
	_, bare := benchServers(b, 0)
	op := document(b).Operation("createDataConnector")
	r := openapi.Request{Path: map[string]string{"project_id": "p0"}, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(sound("bench", mysql))}
	compare(b, sounds(func() openapi.Violations { return op.ValidateRequest(r) }), creator(bare))
}

func BenchmarkValidateResponse(b *testing.B) {
	mock, bare := benchServers(b, 10)
	op := document(b).Operation("listDataConnectors")
	w := serve(b, mock, httptest.NewRequest(http.MethodGet, collection("p0"), nil), http.StatusOK)
	r := openapi.Response{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}
	compare(b, sounds(func() openapi.Violations { return op.ValidateResponse(r) }), lister(bare))
}

func sounds(validate func() openapi.Violations) func(testing.TB) {
	return func(t testing.TB) {
		if vs := validate(); len(vs) > 0 {
			t.Fatal(vs)
		}
	}
}

func BenchmarkStartToFirstAnswer(b *testing.B) {
	for b.Loop() {
		srv, err := mockserver.New(mockserver.Options{})
		if err != nil {
			b.Fatal(err)
		}
		creator(srv)(b)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/start")
}

func compare(b *testing.B, mock, bare func(testing.TB)) {
	b.Run("mock", func(b *testing.B) { run(b, mock) })
	b.Run("bare", func(b *testing.B) { run(b, bare) })
	b.Run("ratio", func(b *testing.B) { ratio(b, mock, bare) })
}

func run(b *testing.B, request func(testing.TB)) {
	b.ReportAllocs()
	for b.Loop() {
		request(b)
	}
}

// ratio runs batches of both in turns and reports the median of their ratios.
func ratio(b *testing.B, mock, bare func(testing.TB)) {
	const batch = 20
	var ratios []float64
	for b.Loop() {
		var took [2]time.Duration
		for i, request := range []func(testing.TB){mock, bare} {
			start := time.Now()
			for range batch {
				request(b)
			}
			took[i] = time.Since(start)
		}
		ratios = append(ratios, float64(took[0])/float64(took[1]))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(0, "ns/op") // of both together: says nothing
}

// benchServers are the mock and the bare server, each with some connections.
func benchServers(b *testing.B, connections int) (mock, bare http.Handler) {
	b.Helper()
	mock, err := mockserver.New(mockserver.Options{Spec: document(b), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	bare = bareServer()
	for _, server := range []http.Handler{mock, bare} {
		create := creator(server)
		for range connections {
			create(b)
		}
	}
	return mock, bare
}

// creator creates a connection of a new name each time.
func creator(server http.Handler) func(testing.TB) {
	n, body := 0, sound("bench-%08d", mysql)
	return func(t testing.TB) {
		n++
		request := httptest.NewRequest(http.MethodPost, collection(fmt.Sprint("p", n/1000)), strings.NewReader(fmt.Sprintf(body, n)))
		request.Header.Set("Content-Type", "application/json")
		serve(t, server, request, http.StatusCreated)
	}
}

var tenInAll = regexp.MustCompile(`"total_count":10[,}]`)

func poster(server http.Handler, body string, status int) func(testing.TB) {
	return func(t testing.TB) {
		request := httptest.NewRequest(http.MethodPost, collection("p0"), strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		serve(t, server, request, status)
	}
}

func lister(server http.Handler) func(testing.TB) {
	return func(t testing.TB) {
		w := serve(t, server, httptest.NewRequest(http.MethodGet, collection("p0"), nil), http.StatusOK)
		if !tenInAll.Match(w.Body.Bytes()) {
			t.Fatalf("listed %s", w.Body)
		}
	}
}

func serve(t testing.TB, server http.Handler, request *http.Request, status int) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	server.ServeHTTP(w, request)
	if w.Code != status {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w
}

// bareServer keeps connections as they come.
func bareServer() http.Handler {
	var mu sync.Mutex
	kept := map[string][]generated.DataConnectorDetail{}
	e := echo.New()
	e.POST("/v2/:project/data-connectors", func(c echo.Context) error {
		var sent generated.DataConnectorRequest
		if err := c.Bind(&sent); err != nil {
			return err
		}
		id := fmt.Sprintf("%032x", time.Now().UnixNano())
		d, now, zero, text := sent.DataConnector, time.Now().UnixMilli(), int32(0), "counterpart"
		mu.Lock()
		kept[c.Param("project")] = append(kept[c.Param("project")], generated.DataConnectorDetail{
			ConnectorId: id, ConnectorName: d.ConnectorName, SourceType: d.SourceType, SourceInfo: d.SourceInfo,
			CreateTime: &now, LastUpdateTime: &now, CreateBy: &text, CreateUser: &text, LastUpdateBy: &text, TenantId: &text,
			Status: &zero, EncryptType: &zero, UsedClusters: &text,
		})
		mu.Unlock()
		return c.JSON(http.StatusCreated, generated.CreateDataConnectorResult{ConnectorId: id})
	})
	e.GET("/v2/:project/data-connectors", func(c echo.Context) error {
		mu.Lock()
		items := kept[c.Param("project")]
		mu.Unlock()
		return c.JSON(http.StatusOK, struct {
			Total int32                           `json:"total_count"`
			Items []generated.DataConnectorDetail `json:"data_connectors"`
		}{int32(len(items)), items})
	})
	return e
}
