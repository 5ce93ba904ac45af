package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/mrs/v2/model"
)

// unknownID is well-formed and belongs to no connector.
const unknownID = "00000000000000000000000000000000"

var (
	connectorError   = refusal{status: 400, code: "MRS.0010"}
	invalidParameter = refusal{status: 400, code: "12000002"}
	invalidProject   = refusal{status: 400, code: "12000107"}
)

func TestCreate(t *testing.T) {
	t.Parallel()
	srv := serve(t)

	for _, sourceType := range []string{mysql, postgres, gaussdb} {
		t.Run(sourceType, func(t *testing.T) {
			p := srv.project(t)
			id := p.create(t, sound("connector-1", sourceType))
			if !hex32.MatchString(id) {
				t.Errorf("connector id %q is not 32 lower-case hexadecimal digits", id)
			}
			got := p.only(t)
			checkDetail(t, got, id, sound("connector-1", sourceType))
			checkFresh(t, got)
		})
	}
}

func TestListInOrderOfCreation(t *testing.T) {
	t.Parallel()
	p := serve(t).project(t)

	sent := []model.DataConnector{
		sound("zulu", postgres), sound("alpha", gaussdb), sound("mike", mysql), sound("Alpha", mysql),
	}
	var ids []string
	for _, c := range sent {
		ids = append(ids, p.create(t, c))
	}
	got := p.list(t, query{})
	checkPage(t, got, len(sent), ids)
	for i, c := range got.connectors {
		checkDetail(t, c, ids[i], sent[i])
	}
}

func TestListOfEmptyProject(t *testing.T) {
	t.Parallel()
	p := serve(t).project(t)
	checkPage(t, p.list(t, query{}), 0, nil)
}

// fleet fills a project for the tests of filters and paging, which only read it.
func fleet(t *testing.T, p project) (ids []string) {
	t.Helper()
	for _, c := range []model.DataConnector{
		0: sound("hive", mysql),
		1: sound("ranger", postgres),
		2: sound("hive-2", mysql),
		3: sound("taurus", gaussdb),
		4: sound("hive-3", mysql),
		5: sound("ranger-2", postgres),
		6: sound("hive-4", mysql),
	} {
		ids = append(ids, p.create(t, c))
	}
	return ids
}

func TestFilters(t *testing.T) {
	t.Parallel()
	p := serve(t).project(t)
	ids := fleet(t, p)

	for _, tc := range []struct {
		name  string
		query query
		want  []string
	}{
		{"connector_id", query{ConnectorId: new(ids[3])}, ids[3:4]},
		{"connector_id unknown", query{ConnectorId: new(unknownID)}, nil},
		{"source_type", query{SourceType: new(mysql)}, []string{ids[0], ids[2], ids[4], ids[6]}},
		{"source_type of one", query{SourceType: new(gaussdb)}, ids[3:4]},
		{"connector_name", query{ConnectorName: new("ranger")}, ids[1:2]},
		{"connector_name is matched as a whole", query{ConnectorName: new("hive")}, ids[0:1]},
		{"connector_name unknown", query{ConnectorName: new("nobody")}, nil},
		{"available", query{Available: new(true)}, ids},
		{"not available", query{Available: new(false)}, nil},
		{"source_type and name", query{SourceType: new(postgres), ConnectorName: new("ranger-2")}, ids[5:6]},
		{"source_type and the name of another type", query{SourceType: new(mysql), ConnectorName: new("ranger-2")}, nil},
		{"source_type and available", query{SourceType: new(postgres), Available: new(true)}, []string{ids[1], ids[5]}},
		{"source_type and not available", query{SourceType: new(postgres), Available: new(false)}, nil},
		{"id and the name of another", query{ConnectorId: new(ids[0]), ConnectorName: new("taurus")}, nil},
		{"all four", query{
			ConnectorId: new(ids[4]), SourceType: new(mysql), ConnectorName: new("hive-3"), Available: new(true),
		}, ids[4:5]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			checkPage(t, p.list(t, tc.query), len(tc.want), tc.want)
		})
	}
}

func TestFilterOfTypeThatNoConnectorHas(t *testing.T) {
	t.Parallel()
	p := serve(t).project(t)
	p.create(t, sound("hive", mysql))
	checkPage(t, p.list(t, query{SourceType: new(gaussdb)}), 0, nil)
}

func TestPaging(t *testing.T) {
	t.Parallel()
	p := serve(t).project(t)
	ids := fleet(t, p)
	ofMySQL := []string{ids[0], ids[2], ids[4], ids[6]}

	for _, limit := range []int{1, 2, 3, 6, 7, 8, 1000} {
		t.Run(fmt.Sprintf("limit %d", limit), func(t *testing.T) {
			checkPartition(t, p, query{}, limit, ids)
		})
		t.Run(fmt.Sprintf("limit %d with a filter", limit), func(t *testing.T) {
			checkPartition(t, p, query{SourceType: new(mysql)}, limit, ofMySQL)
		})
	}
	t.Run("offset alone", func(t *testing.T) {
		checkPage(t, p.list(t, query{Offset: new(int32(5))}), len(ids), ids[5:])
	})
	t.Run("limit alone", func(t *testing.T) {
		checkPage(t, p.list(t, query{Limit: new(int32(2))}), len(ids), ids[:2])
	})
	t.Run("offset counts rows, not pages", func(t *testing.T) {
		checkPage(t, p.list(t, query{Limit: new(int32(3)), Offset: new(int32(1))}), len(ids), ids[1:4])
	})
	t.Run("offset past the end", func(t *testing.T) {
		checkPage(t, p.list(t, query{Offset: new(int32(len(ids)))}), len(ids), nil)
	})
}

// checkPartition reads q page by page: every connector of want must come once
// and in order, in full pages but for the last, with the same total on each.
func checkPartition(t *testing.T, p project, q query, limit int, want []string) {
	t.Helper()
	q.Limit = new(int32(limit))
	for offset := 0; offset <= len(want); offset += limit {
		q.Offset = new(int32(offset))
		end := min(offset+limit, len(want))
		checkPage(t, p.list(t, q), len(want), want[offset:end])
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	srv := serve(t)

	t.Run("source_info", func(t *testing.T) {
		p := srv.project(t)
		id := p.create(t, sound("hive", mysql))
		created := p.only(t)

		changed := connector("hive", mysql, sourceInfoFor(mysql).with("user_name", "root").with("db_name", "hive").String())
		p.update(t, id, changed)

		updated := p.only(t)
		checkDetail(t, updated, id, changed)
		if value(updated.CreateTime) != value(created.CreateTime) {
			t.Errorf("create_time went from %d to %d", value(created.CreateTime), value(updated.CreateTime))
		}
		if value(updated.LastUpdateTime) < value(created.LastUpdateTime) {
			t.Errorf("last_update_time went back from %d to %d", value(created.LastUpdateTime), value(updated.LastUpdateTime))
		}
	})

	t.Run("name", func(t *testing.T) {
		p := srv.project(t)
		id := p.create(t, sound("old-name", postgres))
		p.update(t, id, sound("new-name", postgres))
		checkDetail(t, p.only(t), id, sound("new-name", postgres))
	})

	t.Run("name frees the old one", func(t *testing.T) {
		p := srv.project(t)
		id := p.create(t, sound("old-name", postgres))
		p.update(t, id, sound("new-name", postgres))
		p.create(t, sound("old-name", postgres))
	})

	t.Run("leaves the others and the order alone", func(t *testing.T) {
		p := srv.project(t)
		first, second := p.create(t, sound("first", mysql)), p.create(t, sound("second", mysql))
		p.update(t, first, connector("first", mysql, sourceInfoFor(mysql).with("user_name", "root").String()))

		got := p.list(t, query{})
		checkPage(t, got, 2, []string{first, second})
		checkDetail(t, got.connectors[1], second, sound("second", mysql))
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	srv := serve(t)

	t.Run("takes one connector off the list", func(t *testing.T) {
		p := srv.project(t)
		kept, gone := p.create(t, sound("kept", mysql)), p.create(t, sound("gone", mysql))
		p.delete(t, gone)
		checkPage(t, p.list(t, query{}), 1, []string{kept})
		checkPage(t, p.list(t, query{ConnectorId: &gone}), 0, nil)
	})

	t.Run("twice is refused", func(t *testing.T) {
		p := srv.project(t)
		id := p.create(t, sound("hive", mysql))
		p.delete(t, id)
		_, err := p.tryDelete(id)
		connectorError.check(t, err)
	})

	t.Run("of an unknown id is refused", func(t *testing.T) {
		p := srv.project(t)
		id := p.create(t, sound("hive", mysql))
		_, err := p.tryDelete(unknownID)
		connectorError.check(t, err)
		checkDetail(t, p.only(t), id, sound("hive", mysql))
	})

	t.Run("frees the name", func(t *testing.T) {
		p := srv.project(t)
		old := p.create(t, sound("hive", mysql))
		p.delete(t, old)
		if id := p.create(t, sound("hive", mysql)); id == old {
			t.Errorf("the new connector got the id %s of the deleted one", id)
		}
	})
}

// faults are values that neither a create nor an update may carry.
var faults = []struct {
	name  string
	value model.DataConnector
	want  refusal
}{
	{
		"source_info is not JSON",
		connector("hive", mysql, `{"db_name":"default","password":"`+password+`"`),
		connectorError.pointingAt("/data_connector/source_info"),
	},
	{
		"source_info is a bare password",
		connector("hive", mysql, password),
		connectorError.pointingAt("/data_connector/source_info"),
	},
	{
		"source_info is empty",
		connector("hive", mysql, ""),
		connectorError.pointingAt("/data_connector/source_info"),
	},
	{
		"source_info is JSON but no object",
		connector("hive", mysql, `["`+password+`"]`),
		connectorError.pointingAt("/data_connector/source_info"),
	},
	{
		"source_info lacks db_name",
		connector("hive", mysql, sourceInfoFor(mysql).without("db_name").String()),
		connectorError.pointingAt("/data_connector/source_info"),
	},
	{
		"source_info lacks user_name",
		connector("hive", mysql, sourceInfoFor(mysql).without("user_name").String()),
		connectorError.pointingAt("/data_connector/source_info"),
	},
	{
		"source_info lacks password",
		connector("hive", mysql, sourceInfoFor(mysql).without("password").String()),
		connectorError.pointingAt("/data_connector/source_info"),
	},
	{
		"source_info lacks rds_instance_id",
		connector("hive", mysql, sourceInfoFor(mysql).without("rds_instance_id").String()),
		connectorError.pointingAt("/data_connector/source_info"),
	},
	{
		"rds_instance_id is too short",
		connector("hive", mysql, sourceInfoFor(mysql).with("rds_instance_id", "in01").String()),
		connectorError.pointingAt("/data_connector/source_info#/rds_instance_id"),
	},
	{
		"source type is unknown",
		connector("hive", "ORACLE", sourceInfoFor(mysql).String()),
		connectorError,
	},
	{
		"connector name is empty",
		sound("", mysql),
		invalidParameter,
	},
}

func TestCreateRefused(t *testing.T) {
	t.Parallel()
	srv := serve(t)

	for _, tc := range faults {
		t.Run(tc.name, func(t *testing.T) {
			p := srv.project(t)
			_, err := p.tryCreate(tc.value)
			tc.want.check(t, err)
			checkPage(t, p.list(t, query{}), 0, nil)
		})
	}

	t.Run("gaussdb-mysql with an instance of RDS_MYSQL", func(t *testing.T) {
		p := srv.project(t)
		_, err := p.tryCreate(connector("hive", gaussdb, sourceInfoFor(mysql).String()))
		connectorError.pointingAt("/data_connector/source_info#/rds_instance_id").check(t, err)
	})

	t.Run("duplicate name", func(t *testing.T) {
		p := srv.project(t)
		id := p.create(t, sound("hive", mysql))
		_, err := p.tryCreate(sound("hive", postgres))
		connectorError.check(t, err)
		checkDetail(t, p.only(t), id, sound("hive", mysql))
	})
}

func TestUpdateRefused(t *testing.T) {
	t.Parallel()
	srv := serve(t)

	for _, tc := range faults {
		t.Run(tc.name, func(t *testing.T) {
			p := srv.project(t)
			id := p.create(t, sound("hive", mysql))
			_, err := p.tryUpdate(id, tc.value)
			tc.want.check(t, err)
			checkDetail(t, p.only(t), id, sound("hive", mysql))
		})
	}

	t.Run("unknown id", func(t *testing.T) {
		p := srv.project(t)
		_, err := p.tryUpdate(unknownID, sound("hive", mysql))
		connectorError.check(t, err)
		checkPage(t, p.list(t, query{}), 0, nil)
	})

	t.Run("source type changed", func(t *testing.T) {
		p := srv.project(t)
		id := p.create(t, sound("hive", mysql))
		_, err := p.tryUpdate(id, sound("hive", postgres))
		connectorError.check(t, err)
		checkDetail(t, p.only(t), id, sound("hive", mysql))
	})

	t.Run("name of another connector", func(t *testing.T) {
		p := srv.project(t)
		p.create(t, sound("taken", mysql))
		id := p.create(t, sound("hive", mysql))
		_, err := p.tryUpdate(id, sound("taken", mysql))
		connectorError.check(t, err)
		checkDetail(t, p.one(t, query{ConnectorId: &id}), id, sound("hive", mysql))
	})
}

func TestListRefused(t *testing.T) {
	t.Parallel()
	p := serve(t).project(t)

	for _, tc := range []struct {
		name  string
		query query
	}{
		{"limit 1001", query{Limit: new(int32(1001))}},
		{"limit 0", query{Limit: new(int32(0))}},
		{"offset -1", query{Offset: new(int32(-1))}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := p.sdk.ListDataConnector(&tc.query)
			invalidParameter.check(t, err)
		})
	}
}

// hyphenatedProject is the project id of the vendor's own example, against the vendor's own rule.
const hyphenatedProject = "ac66f1a5-e8f4-4399-8ec6-2c8cb1aefda7"

func TestProjectIDWithHyphensRefused(t *testing.T) {
	t.Parallel()
	p := serve(t).projectWithID(t, hyphenatedProject)

	for _, call := range []struct {
		name string
		err  func() error
	}{
		{"create", func() error { _, err := p.tryCreate(sound("hive", mysql)); return err }},
		{"list", func() error { _, err := p.sdk.ListDataConnector(&query{}); return err }},
		{"update", func() error { _, err := p.tryUpdate(unknownID, sound("hive", mysql)); return err }},
		{"delete", func() error { _, err := p.tryDelete(unknownID); return err }},
	} {
		t.Run(call.name, func(t *testing.T) {
			invalidProject.check(t, call.err())
		})
	}
}

func TestProjectsAreIsolated(t *testing.T) {
	t.Parallel()
	srv := serve(t)
	ours, theirs := srv.projectWithID(t, projectID("ours")), srv.projectWithID(t, projectID("theirs"))

	ourID := ours.create(t, sound("hive", mysql))
	theirID := theirs.create(t, sound("hive", postgres))
	if ourID == theirID {
		t.Fatalf("two projects got the same connector id %s", ourID)
	}
	// Everything below leaves both projects as they are.
	unchanged := func(t *testing.T) {
		t.Helper()
		checkDetail(t, ours.only(t), ourID, sound("hive", mysql))
		checkDetail(t, theirs.only(t), theirID, sound("hive", postgres))
	}
	unchanged(t)

	t.Run("filter by a foreign id", func(t *testing.T) {
		checkPage(t, ours.list(t, query{ConnectorId: &theirID}), 0, nil)
	})
	t.Run("update of a foreign id", func(t *testing.T) {
		_, err := ours.tryUpdate(theirID, sound("stolen", postgres))
		connectorError.check(t, err)
		unchanged(t)
	})
	t.Run("delete of a foreign id", func(t *testing.T) {
		_, err := ours.tryDelete(theirID)
		connectorError.check(t, err)
		unchanged(t)
	})
}

func checkPage(t *testing.T, got page, total int, ids []string) {
	t.Helper()
	if got.total != total {
		t.Errorf("total_count is %d, want %d", got.total, total)
	}
	if !slices.Equal(got.ids(), ids) {
		t.Errorf("listed %v, want %v", got.ids(), ids)
	}
}

// checkDetail compares a listed connector with what was sent.
func checkDetail(t *testing.T, got detail, id string, sent model.DataConnector) {
	t.Helper()
	if value(got.ConnectorId) != id {
		t.Errorf("connector_id is %q, want %q", value(got.ConnectorId), id)
	}
	if got.ConnectorName != sent.ConnectorName {
		t.Errorf("connector_name is %q, want %q", got.ConnectorName, sent.ConnectorName)
	}
	if got.SourceType.Value() != sent.SourceType.Value() {
		t.Errorf("source_type is %q, want %q", got.SourceType.Value(), sent.SourceType.Value())
	}
	checkSourceInfo(t, got.SourceInfo, sent.SourceInfo)
}

// checkSourceInfo demands everything that was sent but the password.
func checkSourceInfo(t *testing.T, got, sent string) {
	t.Helper()
	want := decodeSourceInfo(t, sent).without("password")
	if shown := decodeSourceInfo(t, got); !maps.Equal(shown, want) {
		t.Errorf("source_info is %v, want %v", shown, want)
	}
}

func decodeSourceInfo(t *testing.T, text string) (info sourceInfo) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		t.Fatalf("source_info %q is not a JSON object of strings: %v", text, err)
	}
	return info
}

// checkFresh demands what holds for a connector that was just created.
func checkFresh(t *testing.T, got detail) {
	t.Helper()
	if got.Status == nil || *got.Status != 0 {
		t.Errorf("status of %v is not 0", got)
	}
	if value(got.CreateTime) <= 0 || value(got.LastUpdateTime) <= 0 {
		t.Errorf("create_time %d and last_update_time %d are not both above 0", value(got.CreateTime), value(got.LastUpdateTime))
	}
}
