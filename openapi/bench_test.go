package openapi_test

import (
	"encoding/json"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
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
