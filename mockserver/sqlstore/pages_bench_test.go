package sqlstore

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/internal/seqset"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore/postgrestest"
)

var pageDocuments = flag.Int("pages-among", 20_000, "how many documents BenchmarkPages works among")

// BenchmarkPages measures pages of ten over HTTP among -pages-among documents in PostgreSQL, from an offset anywhere. To
// put a million there one by one would take an hour: they are copied into the tables.
func BenchmarkPages(b *testing.B) {
	s := mustOpen(b, postgrestest.Start(b))
	n := *pageDocuments
	bulk(b, s, "data-connectors/bench", n)
	url := mockserver.Start(b, mockserver.Options{Store: s}).URL + "/v2/bench/data-connectors?limit=10"
	for _, page := range []struct{ name, query string }{
		{"all", "&offset=%d"}, {"source_type", "&source_type=RDS_MYSQL&offset=%d"},
		{"source_type and available", "&available=true&source_type=RDS_MYSQL&offset=%d"}, {"connector_name", "&connector_name=name-%d"},
	} {
		b.Run(page.name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				getPage(b, url+fmt.Sprintf(page.query, i*7919%(n/3)))
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
		})
	}
}

func getPage(b *testing.B, url string) {
	b.Helper()
	answer, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if body, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		b.Fatalf("%d %s %v", answer.StatusCode, body, err)
	}
}

// bulk copies a collection of n documents into the tables, as Put would have left it.
func bulk(b *testing.B, s *Store, name string, n int) {
	b.Helper()
	if err := s.Update(b.Context(), name, func(mockserver.Collection) error { return nil }); err != nil {
		b.Fatal(err)
	}
	sets := map[string]seqset.Set{}
	copied(b, s, "counterpart_documents", []string{"collection", "id", "seq", "keys", "body"}, n, func(i int) []any {
		id, keys := fmt.Sprintf("%032x", i+1), map[string]string{"connector_name": fmt.Sprintf("name-%d", i),
			"source_type": []string{"RDS_MYSQL", "RDS_POSTGRES", "gaussdb-mysql"}[i%3], "available": "true"}
		for _, term := range termsOf(keys) {
			sets[term] = sets[term].Add(uint64(i + 1))
		}
		return []any{int64(1), []byte(id), int64(i + 1), encodeKeys(keys), fmt.Appendf(nil, `{"connector_id":%q,"connector_name":%q,"source_type":%q,`+
			`"source_info":"{\"db_name\":\"default\",\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in07\",\"user_name\":\"mrs\"}"}`,
			id, keys["connector_name"], keys["source_type"])}
	})
	rows := indexRows(sets)
	copied(b, s, "counterpart_index", []string{"collection", "term", "bucket", "bits"}, len(rows), func(i int) []any { return rows[i] })
	for _, statement := range []string{fmt.Sprintf("UPDATE counterpart_collections SET seq = %d", n), "ANALYZE"} {
		if _, err := s.write.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
}

// indexRows cuts sets into buckets.
func indexRows(sets map[string]seqset.Set) [][]any {
	const words = seqset.BucketSize / 64
	var rows [][]any
	for term, set := range sets {
		numbers, _ := seqset.Select([]seqset.Set{set}, 0, 0)
		var part seqset.Set
		for i, seq := range numbers {
			part = part.Add(seq)
			if i == len(numbers)-1 || seqset.Bucket(numbers[i+1]) != seqset.Bucket(seq) {
				rows = append(rows, []any{int64(1), []byte(term), int64(seqset.Bucket(seq)), part.Encode()})
				part = make(seqset.Set, 0, words)
			}
		}
	}
	return rows
}

func copied(b *testing.B, s *Store, table string, columns []string, n int, row func(i int) []any) {
	b.Helper()
	conn, err := s.write.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	err = conn.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().CopyFrom(b.Context(), pgx.Identifier{table}, columns,
			pgx.CopyFromSlice(n, func(i int) ([]any, error) { return row(i), nil }))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
