package mockserver_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/generated"
	"github.com/counterpart-go/counterpart/mockserver"
)

const workers = 20

// client is the generated one, and a mock of its own for it.
func client(t *testing.T) *generated.ClientWithResponses {
	t.Helper()
	c, err := generated.NewClientWithResponses(start(t, mockserver.Options{}).url)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wanted(name, user string) generated.DataConnectorRequest {
	return generated.DataConnectorRequest{DataConnector: generated.DataConnector{
		ConnectorName: name, SourceType: generated.SourceTypeRDSMYSQL, SourceInfo: sourceInfo(mysql, "user_name", quoted(user)),
	}}
}

// together runs fn once a worker, all at the same time, and reports their errors.
func together(t *testing.T, fn func(ctx context.Context, worker int) error) {
	t.Helper()
	var group sync.WaitGroup
	ready := make(chan struct{})
	for worker := range workers {
		group.Go(func() {
			<-ready
			if err := fn(t.Context(), worker); err != nil {
				t.Errorf("worker %d: %v", worker, err)
			}
		})
	}
	close(ready)
	group.Wait()
}

func TestOnlyOneGetsTheName(t *testing.T) {
	t.Parallel()
	c := client(t)
	won := make(chan string, workers)
	together(t, func(ctx context.Context, worker int) error {
		reply, err := c.CreateDataConnectorWithResponse(ctx, project, wanted("contested", fmt.Sprint("user-", worker)))
		switch {
		case err != nil:
			return err
		case reply.JSON201 != nil:
			won <- reply.JSON201.ConnectorId
		case reply.StatusCode() != http.StatusBadRequest || reply.JSON400 == nil || reply.JSON400.ErrorCode != "MRS.0010":
			return fmt.Errorf("%s %s", reply.Status(), reply.Body)
		}
		return nil
	})
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d of %d creations of one name succeeded", len(won), workers)
	}
	list := listed(t, c)
	if id := <-won; list.TotalCount != 1 || list.DataConnectors[0].ConnectorId != id {
		t.Errorf("created %s, listed %+v", id, list)
	}
}

func TestOnlyOneIsRenamed(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := make([]string, workers)
	together(t, func(ctx context.Context, worker int) (err error) {
		ids[worker], err = created(ctx, c, fmt.Sprint("name-", worker))
		return err
	})
	renamed := make(chan string, workers)
	together(t, func(ctx context.Context, worker int) error {
		reply, err := c.UpdateDataConnectorWithResponse(ctx, project, ids[worker], wanted("contested", "root"))
		if err == nil && reply.JSON200 != nil {
			renamed <- ids[worker]
		}
		return err
	})
	names := map[string]int{}
	for _, d := range listed(t, c).DataConnectors {
		names[d.ConnectorName]++
	}
	if len(renamed) != 1 || names["contested"] != 1 || len(names) != workers {
		t.Errorf("%d renamed, the names are %v", len(renamed), names)
	}
}

func TestEachMindsItsOwn(t *testing.T) {
	t.Parallel()
	c := client(t)
	together(t, func(ctx context.Context, worker int) error {
		name := fmt.Sprint("name-", worker)
		for range 5 {
			id, err := created(ctx, c, name)
			if err != nil {
				return err
			}
			updated, err := c.UpdateDataConnectorWithResponse(ctx, project, id, wanted(name+"-new", "root"))
			if err != nil {
				return err
			}
			list, err := c.ListDataConnectorsWithResponse(ctx, project, &generated.ListDataConnectorsParams{ConnectorId: &id})
			if err != nil {
				return err
			}
			deleted, err := c.DeleteDataConnectorWithResponse(ctx, project, id)
			if err != nil {
				return err
			}
			switch {
			case updated.JSON200 == nil || updated.JSON200.Result != generated.UpdateDataConnectorResultResultSucceeded:
				return fmt.Errorf("update: %s %s", updated.Status(), updated.Body)
			case list.JSON200 == nil || list.JSON200.TotalCount != 1 || list.JSON200.DataConnectors[0].ConnectorName != name+"-new":
				return fmt.Errorf("list: %s %s", list.Status(), list.Body)
			case deleted.StatusCode() != http.StatusNoContent || deleted.Headers204 == nil || deleted.Headers204.XRequestId == "":
				return fmt.Errorf("delete: %s %s", deleted.Status(), deleted.Body)
			}
		}
		return nil
	})
	if list := listed(t, c); list.TotalCount != 0 {
		t.Errorf("left over: %+v", list)
	}
}

// What is listed in the end is what one of the updates said, whole, and never a mixture.
func TestParallelUpdates(t *testing.T) {
	t.Parallel()
	c := client(t)
	id, err := created(t.Context(), c, "start")
	if err != nil {
		t.Fatal(err)
	}
	together(t, func(ctx context.Context, worker int) error {
		reply, err := c.UpdateDataConnectorWithResponse(ctx, project, id, wanted(fmt.Sprint("name-", worker), fmt.Sprint("user-", worker)))
		if err == nil && reply.JSON200 == nil {
			err = fmt.Errorf("%s", reply.Body)
		}
		return err
	})
	list := listed(t, c)
	if list.TotalCount != 1 {
		t.Fatalf("%+v", list)
	}
	got := list.DataConnectors[0]
	worker, ok := strings.CutPrefix(got.ConnectorName, "name-")
	if !ok || !strings.Contains(got.SourceInfo, `"user_name":"user-`+worker+`"`) {
		t.Errorf("a mixture: %+v", got)
	}
	for worker := range workers { // the index by name has forgotten the others
		name := fmt.Sprint("name-", worker)
		reply, err := c.ListDataConnectorsWithResponse(t.Context(), project, &generated.ListDataConnectorsParams{ConnectorName: &name})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if name == got.ConnectorName {
			want = 1
		}
		if int(reply.JSON200.TotalCount) != want {
			t.Errorf("%d are called %s, want %d", reply.JSON200.TotalCount, name, want)
		}
	}
}

func created(ctx context.Context, c *generated.ClientWithResponses, name string) (string, error) {
	reply, err := c.CreateDataConnectorWithResponse(ctx, project, wanted(name, "mrs"))
	if err != nil {
		return "", err
	}
	if reply.JSON201 == nil || reply.Headers201 == nil || !hex32.MatchString(reply.Headers201.XRequestId) {
		return "", fmt.Errorf("%s %s", reply.Status(), reply.Body)
	}
	return reply.JSON201.ConnectorId, nil
}

func listed(t *testing.T, c *generated.ClientWithResponses) generated.ListDataConnectorsResult {
	t.Helper()
	reply, err := c.ListDataConnectorsWithResponse(t.Context(), project, nil)
	if err != nil {
		t.Fatal(err)
	}
	if reply.JSON200 == nil {
		t.Fatalf("%s %s", reply.Status(), reply.Body)
	}
	return *reply.JSON200
}
