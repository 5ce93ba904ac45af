package openapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
	"github.com/counterpart-go/counterpart/testdata/large"
)

// The benchmarks of one body stand beside what encoding/json needs to decode it and encode it again.

func BenchmarkValidateRequest(b *testing.B) {
	op := shared(b).Operation("createDataConnector")
	r := createRequest(create("", ""))
	benchmarkSound(b, len(r.Body), func() openapi.Violations { return op.ValidateRequest(r) })
}

func BenchmarkValidateResponse(b *testing.B) {
	op := shared(b).Operation("listDataConnectors")
	r := withID(200, listOfTen())
	benchmarkSound(b, len(r.Body), func() openapi.Violations { return op.ValidateResponse(r) })
}

func benchmarkSound(b *testing.B, size int, validate func() openapi.Violations) {
	b.Helper()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if vs := validate(); len(vs) > 0 {
			b.Fatal(vs)
		}
	}
}

func BenchmarkDecodeJSON(b *testing.B) {
	b.Run("request", func(b *testing.B) { benchmarkDecodeJSON(b, create("", "")) })
	b.Run("response", func(b *testing.B) { benchmarkDecodeJSON(b, listOfTen()) })
}

func benchmarkDecodeJSON(b *testing.B, text string) {
	b.Helper()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := openapi.DecodeJSON([]byte(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeEncode(b *testing.B) {
	b.Run("request", func(b *testing.B) { benchmarkDecodeEncode(b, create("", "")) })
	b.Run("response", func(b *testing.B) { benchmarkDecodeEncode(b, listOfTen()) })
}

func benchmarkDecodeEncode(b *testing.B, text string) {
	b.Helper()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			b.Fatal(err)
		}
		if _, err := json.Marshal(value); err != nil {
			b.Fatal(err)
		}
	}
}

func listOfTen() string {
	shown := object(change(soundInfo, "password", "")...)
	items := make([]string, 10)
	for i := range items {
		items[i] = item(shown, "create_time", "1733800000000", "status", "0", "used_clusters", `""`)
	}
	return list(items...)
}

// BenchmarkLoad loads documents of several sizes; kept-B is what a contract then takes in memory.
func BenchmarkLoad(b *testing.B) {
	for _, operations := range []int{40, 400, 1500, 3000} {
		yaml, json := largeFiles(b, operations)
		b.Run(fmt.Sprint(operations), func(b *testing.B) { benchmarkLoad(b, yaml) })
		b.Run(fmt.Sprintf("%d-json", operations), func(b *testing.B) { benchmarkLoad(b, json) })
	}
}

// largeFiles writes a document of so many operations as YAML and as JSON.
func largeFiles(t testing.TB, operations int) (yaml, json string) {
	t.Helper()
	yaml = write(t, "a.yaml", string(large.YAML(operations)))
	json = filepath.Join(filepath.Dir(yaml), "a.json")
	spec, err := openapi.Load(yaml)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(json, document(t, spec, openapi.DocumentOptions{JSON: true}), 0o600); err != nil {
		t.Fatal(err)
	}
	return yaml, json
}

func benchmarkLoad(b *testing.B, file string) {
	b.Helper()
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	before := heap()
	var spec *openapi.Spec
	for b.Loop() {
		if spec, err = openapi.Load(file); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(heap())-float64(before), "kept-B")
	runtime.KeepAlive(spec)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkFind finds all operations of a document in turn.
func BenchmarkFind(b *testing.B) {
	for _, operations := range []int{40, 400, 1500, 3000} {
		b.Run(fmt.Sprint(operations), func(b *testing.B) {
			yaml, _ := largeFiles(b, operations)
			spec, err := openapi.Load(yaml)
			if err != nil {
				b.Fatal(err)
			}
			var paths []string
			for _, op := range spec.Operations() {
				paths = append(paths, strings.NewReplacer("{", "", "}", "").Replace(op.Base+op.Path))
			}
			ops := spec.Operations()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if op, _, err := spec.Find(ops[i%len(ops)].Method, paths[i%len(ops)]); err != nil || op != ops[i%len(ops)] {
					b.Fatal(op, err)
				}
			}
		})
	}
}
