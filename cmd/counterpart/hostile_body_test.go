package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const collection = "/v2/hostile/data-connectors"

// post is a request with a body of the type, after whose answer the connection ends.
func post(contentType, body string) io.Reader {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", collection, contentType, len(body))
	return io.MultiReader(strings.NewReader(head), strings.NewReader(body))
}

// refused sends a body that the document rules out, several times at once; other statuses may be right, too.
func refused(name, body string, others ...int) attack {
	return attack{name, func(v *victim) {
		atOnce(amount(8, 2), func(int) {
			v.wantOnly(name, v.send(post("application/json", body)), append(others, http.StatusBadRequest)...)
		})
	}}
}

// bodyAttacks are requests whose harm is in the body.
func bodyAttacks() []attack {
	const deep, large = 20_000, 11 << 20 // the limit is 12 MB
	fill := func(head, item, end string) string {
		return head + strings.Repeat(item, (large-len(head)-len(end))/len(item)) + end
	}
	inInfo := func(info string) string {
		return `{"data_connector":{"connector_name":"a","source_type":"RDS_MYSQL","source_info":` + strconv.Quote(info) + `}}`
	}
	return []attack{
		{"multipart", malformedParts},
		refused("arrays 20,000 deep", strings.Repeat("[", deep)+strings.Repeat("]", deep)),
		refused("objects 20,000 deep", strings.Repeat(`{"data_connector":`, deep)+"1"+strings.Repeat("}", deep)),
		refused("brackets that never close", strings.Repeat("[", large)),
		refused("embedded JSON 20,000 deep", inInfo(`{"a":`+strings.Repeat("[", deep)+strings.Repeat("]", deep)+"}")),
		{"small bodies of many values, many at once", func(v *victim) {
			body := "[{}" + strings.Repeat(",{}", 80_000) + "]" // few enough to be read, and too small to wait for a place
			atOnce(amount(300, 30), func(int) { v.wantOnly("many values", v.send(post("application/json", body)), http.StatusBadRequest) })
		}},
		refused("embedded JSON of empty objects", inInfo(fill("[{}", ",{}", "]"))),
		refused("JSON in JSON in JSON", inInfo(strconv.Quote(strconv.Quote(strconv.Quote(soundInfo))))),
		refused("empty arrays", fill("[[]", ",[]", "]")),
		refused("empty objects", fill("[{}", ",{}", "]")),
		refused("keys", `{"data_connector":{`+manyKeys(large/12)+`}}`),
		refused("a key twice", `{"data_connector":{},"data_connector":{}}`),
		refused("a key a million times", fill(`{"a":1`, `,"a":1`, "}")),
		refused("a number of 10,000 digits", `{"data_connector":`+strings.Repeat("9", 10_000)+"}"),
		refused("a number of 11 MB", fill(`{"data_connector":`, "9", "}")),
		refused("an exponent of a billion", `{"data_connector":1e1000000000}`),
		refused("numbers", fill("[1", ",1", "]")),
		refused("a string of 11 MB", fill(`{"data_connector":{"connector_name":"`, "a", `","source_type":"RDS_MYSQL","source_info":"{}"}}`)),
		refused("escapes", fill(`{"data_connector":{"connector_name":"`, `\u0000`, `","source_type":"RDS_MYSQL","source_info":"{}"}}`)),
		refused("invalid UTF-8", fill(`{"data_connector":"`, "\xff", `"}`)),
		refused("half a surrogate", `{"data_connector":{"connector_name":"\ud800","source_type":"RDS_MYSQL","source_info":"\udc00"}}`),
		refused("a byte order mark", "\ufeff"+connector("a")),
		refused("UTF-16", "{\x00\"\x00a\x00\"\x00:\x001\x00}\x00"),
		refused("white space", strings.Repeat(" ", large)),
		refused("NULs", strings.Repeat("\x00", large)),
		{"64 MB", func(v *victim) { tooMuch(v, amount(4, 2), 64<<20) }},
		{"1 GB from each of 100", func(v *victim) { tooMuch(v, amount(100, 10), 1<<30) }},
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%07d":1,`, i)
	}
	return b.String() + `"z":1`
}

func malformedParts(v *victim) {
	for _, body := range []string{
		"--x\r\nContent-Disposition: form-data; name=\"a\r\n\r\nb", "--x\r\n\r\n--x", "--x--", "--", "",
		"--x\r\nContent-Disposition: form-data; name=a; filename=" + strings.Repeat("a", 1<<20) + "\r\n\r\nb\r\n--x--",
		strings.Repeat("--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n", 100_000) + "--x--",
		"--x\r\n" + strings.Repeat("A: b\r\n", 100_000) + "\r\nb\r\n--x--",
	} {
		for _, boundary := range []string{"; boundary=x", "", "; boundary=", "; boundary=\"", "; boundary=" + strings.Repeat("x", 1000), "; =; ;;"} {
			v.wantOnly(boundary, v.send(post("multipart/form-data"+boundary, body)), http.StatusUnsupportedMediaType, http.StatusBadRequest)
		}
	}
}

// tooMuch lets clients stream bodies that are larger than what is taken: half of them say so beforehand.
func tooMuch(v *victim, clients int, size int64) {
	atOnce(clients, func(i int) {
		head := "POST " + collection + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
		if i%2 == 0 {
			input := io.MultiReader(strings.NewReader(fmt.Sprintf("%sContent-Length: %d\r\n\r\n", head, size)), io.LimitReader(endless{}, size))
			v.wantOnly("announced", v.send(input), http.StatusRequestEntityTooLarge)
			return
		}
		// A server that is full may also send a client away, when that has waited for its turn.
		input := io.MultiReader(strings.NewReader(fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n", head, size)), io.LimitReader(endless{}, size))
		v.wantOnly("chunked", v.send(input), http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable)
	})
	if peak := v.memory("VmHWM"); peak > megabytes(mostMemoryRefused) {
		v.Errorf("bodies that are too large took %d MB", peak)
	}
}

// endless is text without an end, which nobody holds in memory.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// endlessPatterns is an overlay whose patterns take for ever on texts that nearly match.
func endlessPatterns(t *testing.T) string {
	t.Helper()
	const text = `overlay: 1.0.0
info: {title: Patterns that backtrack for ever., version: 1.0.0}
actions:
  - target: $.components.schemas.DataConnector.allOf[0].properties
    update:
      note: {type: string, pattern: '^(?=(a+)+$)(a|aa)+$'}
      notes: {type: array, items: {type: string, pattern: '^(?=(a+)+$)(a|aa)+$'}}
      linear: {type: string, pattern: '^(a+)+$'}
`
	file := filepath.Join(t.TempDir(), "patterns.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func patternAttacks() []attack {
	const near = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"
	with := func(key, value string) string {
		return strings.Replace(connector("a"), `"connector_name"`, fmt.Sprintf("%q:%s,%q", key, value, "connector_name"), 1)
	}
	list := func(n int) string { return `["` + strings.Repeat(near+`","`, n-1) + near + `"]` }
	return []attack{
		refused("a text that nearly matches", with("note", strconv.Quote(near))),
		refused("1 MB that nearly matches", with("note", strconv.Quote(strings.Repeat("a", 1<<20)+"!"))),
		refused("a long text against a pattern of Go's own", with("linear", strconv.Quote(strings.Repeat("a", amount(11<<20, 1<<20))+"!")),
			http.StatusServiceUnavailable), // some wait for longer than they may
		refused("20 texts that nearly match", with("notes", list(20))),
	}
}
