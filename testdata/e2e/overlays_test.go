package e2e

import (
	"strings"
	"testing"
)

// With the object that newer Terraform providers read, the SDK cannot decode a
// list: its model says string. No answer can serve both.
func TestOverlaySourceInfoObject(t *testing.T) {
	t.Parallel()
	p := serve(t, "--overlay", "source-info-object").project(t)
	checkPage(t, p.list(t, query{}), 0, nil)
	p.create(t, sound("hive", mysql))

	_, err := p.sdk.ListDataConnector(&query{})
	got := serviceError(t, err)
	if got.StatusCode != 200 || !strings.Contains(got.ErrorMessage, "SourceInfo") {
		t.Errorf("got %v, want a status 200 whose SourceInfo the SDK fails to decode", got)
	}
}

func TestOverlayUpdateResultSucceed(t *testing.T) {
	t.Parallel()
	p := serve(t, "--overlay", "update-result-succeed").project(t)
	id := p.create(t, sound("hive", mysql))
	p.updateWithResult(t, id, sound("hive", mysql), "succeed")
}

func TestOverlayConnectorErrors500(t *testing.T) {
	t.Parallel()
	srv := serve(t, "--overlay", "connector-errors-500")
	want := refusal{status: 500, code: "MRS.0010"}

	t.Run("duplicate name", func(t *testing.T) {
		p := srv.project(t)
		p.create(t, sound("hive", mysql))
		_, err := p.tryCreate(sound("hive", mysql))
		want.check(t, err)
	})
	t.Run("unknown id on update", func(t *testing.T) {
		_, err := srv.project(t).tryUpdate(unknownID, sound("hive", mysql))
		want.check(t, err)
	})
	t.Run("unknown id on delete", func(t *testing.T) {
		_, err := srv.project(t).tryDelete(unknownID)
		want.check(t, err)
	})
	t.Run("source type changed", func(t *testing.T) {
		p := srv.project(t)
		id := p.create(t, sound("hive", mysql))
		_, err := p.tryUpdate(id, sound("hive", postgres))
		want.check(t, err)
	})
}

func TestOverlayHyphenatedProjectID(t *testing.T) {
	t.Parallel()
	p := serve(t, "--overlay", "hyphenated-project-id").projectWithID(t, hyphenatedProject)
	id := p.create(t, sound("hive", mysql))
	checkDetail(t, p.only(t), id, sound("hive", mysql))
	p.update(t, id, sound("hive-2", mysql))
	p.delete(t, id)
	checkPage(t, p.list(t, query{}), 0, nil)
}
