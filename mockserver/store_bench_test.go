package mockserver_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore/postgrestest"
	"github.com/counterpart-go/counterpart/openapi"
)

var benchDocuments = flag.Int("documents", 10_000, "how many documents the benchmarks of stores work among")

const benchProject = "bench"

// BenchmarkStore measures each store among -documents others; HTTP is the way of a request through the whole mock.
func BenchmarkStore(b *testing.B) {
	for _, kind := range []struct {
		name string
		open func(b *testing.B) mockserver.Store
	}{
		{"memory", func(*testing.B) mockserver.Store { return mockserver.NewMemory() }},
		{"sqlite", func(b *testing.B) mockserver.Store { return benchOpen(b, "sqlite:"+filepath.Join(b.TempDir(), "a.db")) }},
		{"postgres", func(b *testing.B) mockserver.Store { return benchOpen(b, postgrestest.Start(b)) }},
	} {
		b.Run(kind.name, func(b *testing.B) { benchStore(b, kind.open(b)) })
	}
}

func benchOpen(b *testing.B, address string) mockserver.Store {
	b.Helper()
	store, err := sqlstore.Open(b.Context(), address, sqlstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return store
}

func benchStore(b *testing.B, store mockserver.Store) {
	before := heap()
	n := fill(b, store)
	perDocument := float64(heap()-before) / float64(n)
	url := mockserver.Start(b, mockserver.Options{Store: store}).URL + "/v2/" + benchProject + "/data-connectors"
	for _, page := range []struct{ name, query string }{
		{"all", "?limit=10"}, {"all, deep", fmt.Sprintf("?limit=10&offset=%d", n*3/4)}, {"one name", "?connector_name=name-77"},
		{"a third", "?limit=10&source_type=RDS_MYSQL"}, {"a third, deep", fmt.Sprintf("?limit=10&source_type=RDS_MYSQL&offset=%d", n*3/10)},
		{"two filters, deep", fmt.Sprintf("?limit=10&available=true&source_type=RDS_MYSQL&offset=%d", n*3/10)},
	} {
		b.Run("HTTP list "+page.name, func(b *testing.B) {
			for b.Loop() {
				benchGet(b, url+page.query)
			}
		})
	}
	collection := "data-connectors/" + benchProject
	update := func(b *testing.B, fn func(c mockserver.Collection) error) {
		if err := store.Update(b.Context(), collection, fn); err != nil {
			b.Fatal(err)
		}
	}
	next := n
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			next++
			update(b, func(c mockserver.Collection) error { return c.Put(benchDocument(next)) })
		}
		b.ReportMetric(perDocument, "heap-B/doc")
	})
	b.Run("update", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			update(b, func(c mockserver.Collection) error { return c.Put(benchDocument(1 + i*7919%n)) })
		}
	})
	deleted := 0
	b.Run("delete first", func(b *testing.B) {
		for b.Loop() {
			deleted++
			update(b, func(c mockserver.Collection) error {
				_, err := c.Delete(fmt.Sprintf("%032x", deleted))
				return err
			})
		}
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// fill puts documents as the mock makes them into the store, with one more key that half of them have.
func fill(b *testing.B, store mockserver.Store) int {
	b.Helper()
	const atOnce = 50 // PostgreSQL keeps every version of a row until its transaction is over
	for from := 0; from < *benchDocuments; from += atOnce {
		err := store.Update(b.Context(), "data-connectors/"+benchProject, func(c mockserver.Collection) error {
			for i := from; i < min(from+atOnce, *benchDocuments); i++ {
				if err := c.Put(benchDocument(i + 1)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return *benchDocuments
}

func benchDocument(i int) mockserver.Document {
	id, name := fmt.Sprintf("%032x", i), fmt.Sprintf("name-%d", i)
	kind := []string{"RDS_MYSQL", "RDS_POSTGRESQL", "DWS"}[i%3]
	return mockserver.Document{ID: id,
		Keys: map[string]string{"connector_name": name, "source_type": kind, "available": "true", "half": fmt.Sprint(i % 2)},
		Body: openapi.NewText(fmt.Appendf(nil, `{"connector_id":%q,"connector_name":%q,"create_by":"counterpart","create_time":1795432148867,"create_user":"counterpart","encrypt_type":0,"last_update_by":"counterpart","last_update_time":1795432148867,"source_info":"{\"db_name\":\"default\",\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\",\"user_name\":\"mrs\"}","source_type":"RDS_MYSQL","status":0,"tenant_id":"bench","used_clusters":""}`, id, name))}
}

func benchGet(b *testing.B, url string) {
	b.Helper()
	answer, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil || answer.StatusCode != http.StatusOK {
		b.Fatalf("%s, %v: %s", answer.Status, err, text)
	}
}
