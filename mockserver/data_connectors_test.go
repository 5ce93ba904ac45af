package mockserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
)

func TestCreatedIsListedWithoutPassword(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	for i, sourceType := range []string{mysql, postgres, taurus} {
		id := m.create(project, "one-"+sourceType, sourceType)
		got := m.list(project)
		if got.Total != i+1 || len(got.Items) != i+1 {
			t.Fatalf("after %d creations: %+v", i+1, got)
		}
		c := got.Items[i]
		text, _ := c.Info.(string)
		var info map[string]string
		if err := json.Unmarshal([]byte(text), &info); err != nil {
			t.Fatalf("source_info %v: %v", c.Info, err)
		}
		want := map[string]string{"db_name": "default", "user_name": "mrs", "rds_instance_id": instances[sourceType]}
		if !reflect.DeepEqual(info, want) {
			t.Errorf("source_info holds %v, want %v", info, want)
		}
		if c.ID != id || c.Name != "one-"+sourceType || c.Type != sourceType || c.Tenant != project ||
			c.CreateBy == "" || c.CreateUser == "" || c.LastUpdateBy == "" {
			t.Errorf("listed %+v", c)
		}
		if c.Status == nil || *c.Status != 0 || c.UsedClusters == nil || *c.UsedClusters != "" || c.EncryptionType == nil {
			t.Errorf("status, used_clusters or encrypt_type of %+v", c)
		}
	}
}

func TestEveryFieldOfTheVendorIsListed(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	m.create(project, "one", mysql)
	var got struct {
		Items []map[string]any `json:"data_connectors"`
	}
	if err := json.Unmarshal([]byte(m.do(http.MethodGet, collection(project), "").body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Items[0]) != 13 {
		t.Errorf("%d fields, the SDK's DataConnectorDetail has 13: %v", len(got.Items[0]), got.Items[0])
	}
}

// Keys of source_info that the document does not describe belong to the user and come back as they were.
func TestFurtherKeysOfSourceInfoAreKept(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	body := sound("one", mysql, "port", "3306", "big", "12345678901234567890.10", "deep", `{"a":[null,true,"é <&>"]}`)
	m.do(http.MethodPost, collection(project), body).want(t, http.StatusCreated, "")
	text, _ := m.list(project).Items[0].Info.(string)
	for _, part := range []string{`"port":3306`, `"big":12345678901234567890.10`, `{"a":[null,true,"é`} {
		if !strings.Contains(text, part) {
			t.Errorf("source_info %s lacks %s", text, part)
		}
	}
}

func TestRefusedByTheState(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, reason string
		request      func(m *mock, first, second string) answer
		says         string
	}{
		{"create with a taken name", "names are unique in a project", func(m *mock, _, _ string) answer {
			return m.do(http.MethodPost, collection(project), sound("first", postgres))
		}, "first already exists"},
		{"rename to a taken name", "names are unique in a project", func(m *mock, first, _ string) answer {
			return m.do(http.MethodPut, item(project, first), sound("second", mysql))
		}, "second already exists"},
		{"update of an unknown id", "there is nothing to update", func(m *mock, _, _ string) answer {
			return m.do(http.MethodPut, item(project, unknownID), sound("third", mysql))
		}, unknownID},
		{"update of another project's id", "projects are isolated", func(m *mock, first, _ string) answer {
			return m.do(http.MethodPut, item("other", first), sound("first", mysql))
		}, "No data connection"},
		{"delete of an unknown id", "there is nothing to delete", func(m *mock, _, _ string) answer {
			return m.do(http.MethodDelete, item(project, unknownID), "")
		}, unknownID},
		{"delete of another project's id", "projects are isolated", func(m *mock, first, _ string) answer {
			return m.do(http.MethodDelete, item("other", first), "")
		}, "No data connection"},
		{"id in other case", "ids are compared exactly", func(m *mock, first, _ string) answer {
			return m.do(http.MethodDelete, item(project, strings.ToUpper(first)), "")
		}, "No data connection"},
		{"other type", "the type of a connection is fixed", func(m *mock, first, _ string) answer {
			return m.do(http.MethodPut, item(project, first), sound("first", postgres))
		}, "the type passed is RDS_POSTGRES, the type of the connection is RDS_MYSQL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := start(t, mockserver.Options{Seed: 42})
			first, second := m.create(project, "first", mysql), m.create(project, "second", postgres)
			before := m.do(http.MethodGet, collection(project), "").body
			if message := tc.request(m, first, second).want(t, http.StatusBadRequest, "MRS.0010"); !strings.Contains(message, tc.says) {
				t.Errorf("%q does not say %q (%s)", message, tc.says, tc.reason)
			}
			if after := m.do(http.MethodGet, collection(project), "").body; after != before {
				t.Errorf("the refused request changed the list from\n%s to\n%s", before, after)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	first, second := m.create(project, "first", mysql), m.create(project, "second", mysql)
	a := m.do(http.MethodDelete, item(project, first), "")
	if a.want(t, http.StatusNoContent, ""); a.body != "" || a.header.Get("Content-Type") != "" {
		t.Errorf("an answer of no content has %q %v", a.body, a.header)
	}
	m.wantList(project, []string{second})
	m.do(http.MethodDelete, item(project, first), "").want(t, http.StatusBadRequest, "MRS.0010")
	m.do(http.MethodPut, item(project, first), sound("first", mysql)).want(t, http.StatusBadRequest, "MRS.0010")
	again := m.create(project, "first", postgres) // the name is free again
	if again == first {
		t.Error("an id was given twice")
	}
	m.wantList(project, []string{second, again})
}

func TestRename(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	id := m.create(project, "old", mysql)
	a := m.do(http.MethodPut, item(project, id), sound("old", mysql, "user_name", `"root"`)) // its own name is not taken
	if a.want(t, http.StatusOK, ""); strings.TrimSpace(a.body) != `{"result":"succeeded"}` {
		t.Errorf("updated: %s", a.body)
	}
	m.do(http.MethodPut, item(project, id), sound("new", mysql)).want(t, http.StatusOK, "")
	m.wantList(project, nil, "connector_name", "old")
	m.wantList(project, []string{id}, "connector_name", "new")
	m.create(project, "old", mysql)
}

func TestProjectsAreIsolated(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	one, other := m.create("one", "same", mysql), m.create("other", "same", mysql)
	m.wantList("one", []string{one})
	m.wantList("other", []string{other})
	m.wantList("ONE", nil)
	m.wantList("other", nil, "connector_id", one)
	if tenant := m.list("other").Items[0].Tenant; tenant != "other" {
		t.Errorf("tenant_id %q", tenant)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	var ids []string
	for i, sourceType := range []string{mysql, postgres, mysql, taurus, mysql} {
		ids = append(ids, m.create(project, "name-"+strconv.Itoa(i), sourceType))
	}
	for _, tc := range []struct {
		reason string
		query  []string
		want   []string
	}{
		{"no filter is all", nil, ids},
		{"by id", []string{"connector_id", ids[3]}, ids[3:4]},
		{"an unknown id is none", []string{"connector_id", unknownID}, nil},
		{"by name", []string{"connector_name", "name-1"}, ids[1:2]},
		{"names match as a whole", []string{"connector_name", "name"}, nil},
		{"names match their case", []string{"connector_name", "Name-1"}, nil},
		{"the document has no rule for this filter", []string{"connector_name", "no such name, é"}, nil},
		{"a filter that is empty matches no name", []string{"connector_name", ""}, nil},
		{"by type", []string{"source_type", mysql}, []string{ids[0], ids[2], ids[4]}},
		{"of a type that one has", []string{"source_type", taurus}, ids[3:4]},
		{"all are available", []string{"available", "true"}, ids},
		{"none is unavailable", []string{"available", "false"}, nil},
		{"filters combine with AND", []string{"source_type", mysql, "connector_name", "name-2"}, ids[2:3]},
		{"both must fit", []string{"source_type", postgres, "connector_name", "name-2"}, nil},
		{"id and name of different ones", []string{"connector_id", ids[0], "connector_name", "name-1"}, nil},
		{"type and available", []string{"source_type", postgres, "available", "true"}, ids[1:2]},
		{"type and not available", []string{"source_type", postgres, "available", "false"}, nil},
		{"all four", []string{"connector_id", ids[4], "connector_name", "name-4", "source_type", mysql, "available", "true"}, ids[4:]},
		{"Terraform sends id, which nothing describes", []string{"id", unknownID}, ids},
		{"an undescribed key beside a filter", []string{"x", "%", "source_type", taurus}, ids[3:4]},
		{"keys match their case", []string{"Source_Type", "nonsense"}, ids},
	} {
		t.Run(tc.reason, func(t *testing.T) { m.with(t).wantList(project, tc.want, tc.query...) })
	}
}

func TestPagesArePartition(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	var all, ofMySQL []string
	for i := range 11 {
		sourceType := []string{mysql, postgres}[i%2]
		all = append(all, m.create(project, "name-"+strconv.Itoa(i), sourceType))
		if sourceType == mysql {
			ofMySQL = append(ofMySQL, all[i])
		}
	}
	for _, filter := range []struct {
		query []string
		want  []string
	}{{nil, all}, {[]string{"source_type", mysql}, ofMySQL}} {
		for limit := 1; limit <= len(all)+1; limit++ {
			var got []string
			for offset := 0; offset < len(filter.want)+limit; offset += limit {
				p := m.list(project, append([]string{"limit", strconv.Itoa(limit), "offset", strconv.Itoa(offset)}, filter.query...)...)
				if p.Total != len(filter.want) || len(p.Items) > limit {
					t.Errorf("limit %d, offset %d: total_count %d, %d items", limit, offset, p.Total, len(p.Items))
				}
				got = append(got, p.ids()...)
			}
			if !slices.Equal(got, filter.want) {
				t.Errorf("pages of %d with %q are\n%q, want\n%q", limit, filter.query, got, filter.want)
			}
		}
	}
	for _, tc := range []struct {
		reason        string
		limit, offset string
		want          []string
	}{
		{"offset counts rows, not pages", "3", "1", all[1:4]},
		{"the largest limit", "1000", "0", all},
		{"the largest offset", "1", "2147483647", nil},
	} {
		if p := m.list(project, "limit", tc.limit, "offset", tc.offset); p.Total != len(all) || !slices.Equal(p.ids(), append([]string{}, tc.want...)) {
			t.Errorf("%s: total_count %d, %q", tc.reason, p.Total, p.ids())
		}
	}
}

func TestDefaultLimitIsTheDocuments(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	for i := range 1005 {
		m.create(project, "name-"+strconv.Itoa(i), mysql)
	}
	if p := m.list(project); p.Total != 1005 || len(p.Items) != 1000 {
		t.Errorf("total_count %d, %d items, want 1005 and 1000", p.Total, len(p.Items))
	}
	if p := m.list(project, "offset", "1000"); p.Total != 1005 || len(p.Items) != 5 {
		t.Errorf("total_count %d, %d items, want 1005 and 5", p.Total, len(p.Items))
	}
}

func TestUpdateKeepsThePlace(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	ids := []string{m.create(project, "z", mysql), m.create(project, "a", mysql), m.create(project, "m", mysql)}
	m.do(http.MethodPut, item(project, ids[1]), sound("zz", mysql)).want(t, http.StatusOK, "")
	m.do(http.MethodPut, item(project, ids[0]), sound("b", mysql)).want(t, http.StatusOK, "")
	m.wantList(project, ids)
	m.wantList(project, ids, "source_type", mysql)
}

func TestTimes(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.UnixMilli(1733800000123).Add(456 * time.Microsecond)}
	m := start(t, mockserver.Options{Now: c.Now})
	want := func(created, updated int64) {
		t.Helper()
		if got := m.list(project).Items[0]; got.Created != created || got.Updated != updated {
			t.Errorf("create_time %d, last_update_time %d, want %d, %d", got.Created, got.Updated, created, updated)
		}
	}
	id := m.create(project, "one", mysql)
	want(1733800000123, 1733800000123)
	c.advance(time.Hour)
	want(1733800000123, 1733800000123) // time alone changes nothing
	m.do(http.MethodPut, item(project, id), sound("one", postgres)).want(t, http.StatusBadRequest, "MRS.0010")
	want(1733800000123, 1733800000123) // nor does a refusal
	m.do(http.MethodPut, item(project, id), sound("one", mysql)).want(t, http.StatusOK, "")
	want(1733800000123, 1733803600123)
	c.advance(time.Millisecond)
	m.do(http.MethodPut, item(project, id), sound("two", mysql)).want(t, http.StatusOK, "")
	want(1733800000123, 1733803600124)
}

func TestKnownInstances(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{DataConnectors: mockserver.DataConnectorOptions{Instances: []string{instances[mysql]}}})
	id := m.create(project, "known", mysql)
	for _, tc := range []struct{ reason, method, path, body, instance string }{
		{"no such instance", http.MethodPost, collection(project), sound("other", postgres), instances[postgres]},
		{"nor can one move to it", http.MethodPut, item(project, id), sound("known", mysql, "rds_instance_id", quoted(instances[postgres])), instances[postgres]},
		{"ids are compared exactly", http.MethodPost, collection(project), sound("other", mysql, "rds_instance_id", quoted(strings.ToUpper(instances[mysql]))), strings.ToUpper(instances[mysql])},
	} {
		if message := m.do(tc.method, tc.path, tc.body).want(t, http.StatusBadRequest, "MRS.1010"); !strings.Contains(message, tc.instance) {
			t.Errorf("%s: %q does not name %s", tc.reason, message, tc.instance)
		}
	}
	m.wantList(project, []string{id})
	m.do(http.MethodPut, item(project, id), sound("renamed", mysql)).want(t, http.StatusOK, "")

	none := start(t, mockserver.Options{DataConnectors: mockserver.DataConnectorOptions{Instances: []string{}}})
	none.do(http.MethodPost, collection(project), sound("one", mysql)).want(t, http.StatusBadRequest, "MRS.1010")
}

func TestClusters(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("KeepUsed %t", keep), func(t *testing.T) {
			m := start(t, mockserver.Options{DataConnectors: mockserver.DataConnectorOptions{
				Clusters: map[string][]string{"used": {"cluster-1", "cluster-2"}}, KeepUsed: keep}})
			used, free := m.create(project, "used", mysql), m.create(project, "free", mysql)
			items := m.list(project).Items
			if *items[0].UsedClusters != "cluster-1,cluster-2" || *items[1].UsedClusters != "" {
				t.Errorf("used_clusters %q and %q", *items[0].UsedClusters, *items[1].UsedClusters)
			}
			m.do(http.MethodDelete, item(project, free), "").want(t, http.StatusNoContent, "")
			a := m.do(http.MethodDelete, item(project, used), "")
			if !keep {
				a.want(t, http.StatusNoContent, "")
				m.wantList(project, nil)
				return
			}
			if message := a.want(t, http.StatusBadRequest, "MRS.0010"); !strings.Contains(message, used) {
				t.Errorf("%q does not name %s", message, used)
			}
			m.wantList(project, []string{used})
		})
	}
}

// Same seed, same requests, same bytes: headers too, but for the date.
func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (answers []answer) {
		c := &clock{now: time.UnixMilli(1733800000000)}
		m := start(t, mockserver.Options{Seed: seed, Now: c.Now})
		id := m.create(project, "one", mysql)
		for _, r := range [][3]string{
			{http.MethodPost, collection(project), sound("two", taurus)},
			{http.MethodPost, collection(project), sound("two", taurus)},
			{http.MethodPut, item(project, id), sound("three", mysql)},
			{http.MethodGet, collection(project), ""},
			{http.MethodDelete, item(project, id), ""},
			{http.MethodPost, collection(project), `{"data_connector":{}}`},
			{http.MethodGet, "/nowhere", ""},
			{http.MethodGet, collection(project), ""},
		} {
			a := m.do(r[0], r[1], r[2])
			a.header.Del("Date")
			answers = append(answers, a)
		}
		return answers
	}
	if one, other := run(7), run(7); !reflect.DeepEqual(one, other) {
		t.Errorf("seed 7 gave\n%v and\n%v", one, other)
	}
	if reflect.DeepEqual(run(7), run(8)) {
		t.Error("seeds 7 and 8 gave the same")
	}
	if reflect.DeepEqual(run(0), run(0)) {
		t.Error("without a seed two mocks gave the same ids")
	}
}

func TestRequestIDsDiffer(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	seen := map[string]bool{}
	for range 20 {
		seen[m.do(http.MethodGet, collection(project), "", "X-Request-Id", "from-the-client").header.Get("X-Request-Id")] = true
	}
	if len(seen) != 20 {
		t.Errorf("20 requests had %d ids", len(seen))
	}
}

func TestGateway(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		reason, method, path string
		headers              []string
		body                 string
		status               int
		code                 string
	}{
		{"no operation there", http.MethodGet, "/", nil, "", 404, "APIGW.0101"},
		{"version missing", http.MethodGet, "/" + project + "/data-connectors", nil, "", 404, "APIGW.0101"},
		{"singular", http.MethodPost, "/v2/" + project + "/data-connector", nil, "{}", 404, "APIGW.0101"},
		{"slash at the end", http.MethodGet, collection(project) + "/", nil, "", 404, "APIGW.0101"},
		{"one segment too many", http.MethodPut, item(project, unknownID) + "/more", nil, "{}", 404, "APIGW.0101"},
		{"paths match their case", http.MethodGet, strings.ToUpper(collection(project)), nil, "", 404, "APIGW.0101"},
		{"one connection cannot be read", http.MethodGet, item(project, unknownID), nil, "", 404, "APIGW.0101"},
		{"the collection cannot be deleted", http.MethodDelete, collection(project), nil, "", 404, "APIGW.0101"},
		{"no PATCH", http.MethodPatch, item(project, unknownID), nil, "{}", 404, "APIGW.0101"},
		{"no OPTIONS", http.MethodOptions, collection(project), nil, "", 404, "APIGW.0101"},
		{"methods match their case", "post", collection(project), nil, sound("one", mysql), 404, "APIGW.0101"},
		{"a method nobody knows", "BREW", collection(project), nil, "", 404, "APIGW.0101"},
		{"XML", http.MethodPost, collection(project), []string{"Content-Type", "application/xml"}, "<a/>", 415, "APIGW.0201"},
		{"a form", http.MethodPost, collection(project), []string{"Content-Type", "application/x-www-form-urlencoded"}, "a=b", 415, "APIGW.0201"},
		{"sound JSON called text", http.MethodPost, collection(project), []string{"Content-Type", "text/plain"}, sound("one", mysql), 415, "APIGW.0201"},
		{"nonsense for a type", http.MethodPost, collection(project), []string{"Content-Type", ";;;"}, sound("one", mysql), 415, "APIGW.0201"},
		{"XML to update", http.MethodPut, item(project, unknownID), []string{"Content-Type", "application/xml"}, "<a/>", 415, "APIGW.0201"},
		{"over the limit", http.MethodPost, collection(project), nil, strings.Repeat(" ", 2001), 413, "APIGW.0201"},
		{"over the limit, in an operation without a body", http.MethodGet, collection(project), nil, strings.Repeat(" ", 2001), 413, "APIGW.0201"},
		{"over the limit, but nowhere", http.MethodPost, "/nowhere", nil, strings.Repeat(" ", 2001), 404, "APIGW.0101"},
		{"at the limit", http.MethodPost, collection(project), nil, sound("one", mysql) + strings.Repeat(" ", 2000-len(sound("one", mysql))), 201, ""},
		{"JSON with a charset", http.MethodPost, collection(project), []string{"Content-Type", "application/json; charset=utf-8"}, sound("one", mysql), 201, ""},
		{"media types ignore case", http.MethodPost, collection(project), []string{"Content-Type", "Application/JSON"}, sound("one", mysql), 201, ""},
		{"a body that nobody reads", http.MethodGet, collection(project), []string{"Content-Type", "text/plain"}, "hello", 200, ""},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			t.Parallel()
			m := start(t, mockserver.Options{Limits: mockserver.Limits{Body: 2000}})
			m.do(tc.method, tc.path, tc.body, tc.headers...).want(t, tc.status, tc.code)
			if tc.status >= 400 {
				m.wantList(project, nil)
			}
		})
	}
}

// A body that does not say its length is limited too.
func TestChunkedBodyOverTheLimit(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{Limits: mockserver.Limits{Body: 2000}})
	for _, tc := range []struct {
		length, status int
		code           string
	}{{2000, 201, ""}, {2001, 413, "APIGW.0201"}} {
		body := sound("one", mysql) + strings.Repeat(" ", tc.length-len(sound("one", mysql)))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.url+collection(project), io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		m.send(request).want(t, tc.status, tc.code)
	}
}

func TestDefaultMaxBody(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	fits := sound("one", mysql)
	fits += strings.Repeat(" ", int(mockserver.DefaultLimits().Body)-len(fits))
	m.do(http.MethodPost, collection(project), fits).want(t, http.StatusCreated, "")
	m.do(http.MethodPost, collection(project), fits+" ").want(t, http.StatusRequestEntityTooLarge, "APIGW.0201")
}

// HEAD is not described; its answer has no body, whatever it says.
func TestHead(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	if a := m.do(http.MethodHead, collection(project), ""); a.status != http.StatusNotFound || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	srv := mockserver.Start(t, mockserver.Options{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/_counterpart/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := plain.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || strings.TrimSpace(string(body)) != `{"status":"ok"}` {
		t.Errorf("%d %s %v", response.StatusCode, body, err)
	}
}
