package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
)

// get is a request after whose answer the connection ends.
func get(target string, headers ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

// shape is what a client may put on the wire, and how that may be answered: 0 is a connection that is closed.
type shape struct {
	name, bytes string
	statuses    []int
}

// shapes sends each in a connection of its own. One answer at most: nobody may take what follows a message for another.
func shapes(v *victim, list []shape) {
	atOnce(len(list), func(i int) {
		v.wantOnly(list[i].name, v.send(strings.NewReader(list[i].bytes)), list[i].statuses...)
	})
}

// targetAttacks are requests whose harm is in their line or header.
func targetAttacks() []attack {
	bad, notFound, long := []int{400}, []int{400, 404}, []int{414, 431}
	header := func(lines ...string) string { return get(collection, lines...) }
	return []attack{
		{"a million query keys", func(v *victim) {
			shapes(v, []shape{
				{"within the header", get(collection + "?" + strings.Repeat("a&", 8000)), bad},
				{"over the URL", get(collection + "?" + strings.Repeat("a&", 16_000)), long},
				{"over the header", get(collection + "?" + strings.Repeat("a=1&", 1_000_000)), long},
			})
		}},
		{"paths", func(v *victim) {
			var list []shape
			for _, path := range []string{"/%00", "/v2/%00/data-connectors", "/v2/hostile/data-connectors/..;/", "/v2/..;/data-connectors", "/v2/hostile/../../etc/passwd", "/v2/%2e%2e/data-connectors",
				"/v2/hostile%2fdata-connectors", "/v2//data-connectors", "//v2/hostile/data-connectors", "/v2/hostile/data-connectors/%zz", "/v2/hostile/data-connectors/%", "/%ff%fe", "/v2/\xff\xfe/data-connectors",
				"/v2/hostile\\data-connectors", "/v2/hostile/data-connectors;jsessionid=1", "/" + strings.Repeat("a/", 7000), "/" + strings.Repeat("%2e", 5000),
				"ftp://x/v2", "x:443", "", "?", "*", "hostile", "http://", "http://[", "http://x:99999999/v2", "javascript:alert(1)"} {
				list = append(list, shape{path, get(path), notFound})
			}
			for _, path := range []string{"/_counterpart/../../x", "/_counterpart/%00", "/_counterpart//console/../x"} { // of a host that is none of this machine's
				list = append(list, shape{path, get(path), []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound}})
			}
			list = append(list,
				shape{"NUL", get("/v2/\x00/data-connectors"), notFound},
				shape{"space", get("/v2/ho stile/data-connectors"), notFound},
				shape{"a path of another host's", get("http://example.com/v2/hostile"), notFound},
				shape{"a tunnel", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n", []int{400, 404, 405}},
				shape{"to nobody", "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", []int{200, 404, 405}})
			shapes(v, list)
		}},
		{"queries", func(v *victim) {
			var list []shape
			for _, query := range []string{"limit=%", "limit=%00", "limit=1;offset=1", "limit=99999999999999999999", "limit=1e3", "limit=-1", "limit=" + strings.Repeat("9", 10_000), "offset=\xff", "limit=1&limit=2",
				"limit[]=1", "available=%ff", "connector_id=" + strings.Repeat("a", 10_000), "source_type=%F0%9F%92%A9", "%=%"} {
				list = append(list, shape{query, get(collection + "?" + query), []int{400, 200}})
			}
			shapes(v, list)
		}},
		{"headers", func(v *victim) {
			shapes(v, []shape{
				{"10,000 headers", header(strings.Repeat("X-A: b\r\n", 9_999) + "X-A: b"), []int{431}},
				{"10,000 short ones", header(strings.Repeat("a:\r\n", 9_999) + "a:"), []int{200, 431}},
				{"a name of 60 KB", header(strings.Repeat("a", 60_000) + ": b"), []int{200, 431}},
				{"a name of 1 MB", header(strings.Repeat("a", 1<<20) + ": b"), []int{431}},
				{"a value of 1 MB", header("A: " + strings.Repeat("b", 1<<20)), []int{431}},
				{"a line of 1 MB", strings.Repeat("G", 1<<20) + " / HTTP/1.1\r\nHost: x\r\n\r\n", []int{400, 431}},
				{"no host", "GET " + collection + " HTTP/1.1\r\nConnection: close\r\n\r\n", bad},
				{"two hosts", header("Host: y"), bad},
				{"a host of spaces", "GET " + collection + " HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", bad},
				{"NUL in a name", header("A\x00: b"), bad},
				{"NUL in a value", header("A: \x00"), bad},
				{"no name", header(": b"), bad},
				{"no colon", header("nonsense"), bad},
				{"another version", "GET " + collection + " HTTP/9.9\r\nHost: x\r\n\r\n", []int{505}},
				{"no version", "GET " + collection + "\r\n\r\n", bad},
				{"HTTP/0.9", "GET /\r\n", bad},
				{"HTTP/2 in the open", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{0, 400, 404, 405, 505}},
				{"a method of 10 KB", strings.Repeat("A", 10_000) + " " + collection + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", []int{400, 404, 405}},
				{"an expectation", header("Expect: nonsense"), []int{417}},
				{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 500), []int{0, 400}},
				{"noise", strings.Repeat("\x80\xff\x00\r\n", 20_000), []int{0, 400, 431}},
			})
		}},
	}
}

// after is a request that stands where the body of another one, which is framed in a way that two readers understand
// differently, may or may not end.
const after = "GET /v2/smuggled/data-connectors HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// framingAttacks are messages of whose end there is more than one opinion (RFC 9112, section 11.2).
func framingAttacks() []attack {
	bad := []int{0, 400, 413, 501}
	message := func(name, framing, body string) shape {
		return shape{name, "POST " + collection + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + framing + "\r\n\r\n" + body + after, bad}
	}
	chunked := func(name, body string) shape { return message(name, "Transfer-Encoding: chunked", body) }
	return []attack{
		{"lengths", func(v *victim) {
			shapes(v, []shape{
				message("two lengths", "Content-Length: 5\r\nContent-Length: 6", "hello"),
				message("two lengths in one", "Content-Length: 5, 6", "hello"),
				message("a sign", "Content-Length: +5", "hello"),
				message("negative", "Content-Length: -5", "hello"),
				message("hexadecimal", "Content-Length: 0x5", "hello"),
				message("a fraction", "Content-Length: 5.0", "hello"),
				message("empty", "Content-Length:", "hello"),
				message("huge", "Content-Length: 99999999999999999999999999", "hello"),
				message("the most", "Content-Length: 9223372036854775807", "hello"),
				message("with text", "Content-Length: 5 hello", "hello"),
				message("NUL", "Content-Length: 5\x00", "hello"),
				message("space before the colon", "Content-Length : 5", "hello"),
				message("tab before the colon", "Content-Length\t: 5", "hello"),
				message("a folded line before", "X: y\r\n \r\nContent-Length: +5", "hello"),
				message("CR without LF", "Content-Length: 5\rX: y", "hello"),
				message("CR alone between headers", "X: y\rContent-Length: 5", "hello"),
			})
		}},
		{"encodings", func(v *victim) {
			const end = "0\r\n\r\n"
			shapes(v, []shape{
				message("length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked", end),
				message("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 5", end),
				message("chunks and identity", "Transfer-Encoding: chunked, identity", end),
				message("identity and chunks", "Transfer-Encoding: identity, chunked", end),
				message("twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", end),
				message("twice in one", "Transfer-Encoding: chunked, chunked", end),
				message("two", "Transfer-Encoding: gzip, chunked", end),
				message("unknown", "Transfer-Encoding: xchunked", end),
				message("identity", "Content-Length: 5\r\nTransfer-Encoding: identity", "hello"),
				message("quoted", `Transfer-Encoding: "chunked"`, end),
				message("empty", "Content-Length: 5\r\nTransfer-Encoding:", "hello"),
				message("vertical tab", "Transfer-Encoding: \x0bchunked", end),
				message("space before the colon", "Transfer-Encoding : chunked", end),
				message("folded", "Transfer-Encoding:\r\n chunked", end),
				message("folded with a length", "Content-Length: 5\r\nTransfer-Encoding:\r\n chunked", end),
				message("LF", "X: y\nTransfer-Encoding: chunked\nContent-Length: 5", end),
				{"HTTP/1.0", "POST " + collection + " HTTP/1.0\r\nConnection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + end + after, bad},
			})
		}},
		{"chunks", func(v *victim) {
			shapes(v, []shape{
				chunked("no hex", "zz\r\nhello\r\n0\r\n\r\n"),
				chunked("a sign", "+5\r\nhello\r\n0\r\n\r\n"),
				chunked("negative", "-5\r\nhello\r\n0\r\n\r\n"),
				chunked("0x", "0x5\r\nhello\r\n0\r\n\r\n"),
				chunked("a size of 17 digits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
				chunked("a size of 16 digits", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
				chunked("empty size", "\r\nhello\r\n0\r\n\r\n"),
				chunked("too long a size", "ff\r\nhello\r\n0\r\n\r\n"),
				chunked("too short a size", "2\r\nhello\r\n0\r\n\r\n"),
				chunked("no line end", "5\r\nhello0\r\n\r\n"),
				chunked("LF", "5\nhello\n0\n\n"),
				chunked("CR", "5\rhello\r0\r\r"),
				chunked("an extension of 1 MB", "5;"+strings.Repeat("a", 1<<20)+"\r\nhello\r\n0\r\n\r\n"),
				chunked("LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
				chunked("a million extensions", strings.Repeat("1;"+strings.Repeat("a", 1000)+"\r\n[\r\n", 1000)+"0\r\n\r\n"),
				chunked("trailers of 1 MB", "5\r\nhello\r\n0\r\n"+strings.Repeat("X-A: b\r\n", 1<<17)+"\r\n"),
				chunked("a trailer of 1 MB", "5\r\nhello\r\n0\r\nX-A: "+strings.Repeat("b", 1<<20)+"\r\n\r\n"),
				chunked("a trailer that is no header", "5\r\nhello\r\n0\r\nnonsense\r\n\r\n"),
			})
			v.wantOnly("cut", v.send(strings.NewReader("POST "+collection+" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")), bad...)
		}},
	}
}

// timeAttacks are clients that are slow, or fast, or gone.
func timeAttacks() []attack {
	return []attack{
		{"a byte at a time", drip},
		{"half open", halfOpen},
		{"cut in the middle", cutInTheMiddle},
		{"large bodies that never end", neverEnd},
		{"readers that do not read", doNotRead},
		{"pipelines", pipelines},
		{"answers that faults hold back, and nobody waits for", goneBeforeTheAnswer},
	}
}

// goneBeforeTheAnswer leaves while a fault holds an answer back for ten minutes, or lets its body come a byte a second.
func goneBeforeTheAnswer(v *victim) {
	clients := amount(200, 20)
	const faults = "/_counterpart/faults"
	for _, kind := range []string{`"latency":{"ms":600000}`, `"slow":{"bytes_per_second":1}`} {
		v.sent(clients)
		v.want(http.StatusCreated, http.MethodPost, faults, `{"id":"held","when":{"project":"held"},`+kind+`}`)
		for range clients {
			conn := v.dial()
			_, _ = io.WriteString(conn, "GET /v2/held/data-connectors HTTP/1.1\r\nHost: x\r\n\r\n")
			defer func() { _ = conn.Close() }()
		}
		seen := fmt.Sprintf(`"seen":%d`, clients)
		if !eventually(patience, func() bool {
			return strings.Contains(v.want(http.StatusOK, http.MethodGet, faults+"/held", ""), seen)
		}) {
			v.Errorf("the fault has not seen %d requests", clients)
		}
		v.wantService() // while they are held back
		v.want(http.StatusNoContent, http.MethodDelete, faults+"/held", "")
	}
}

// drip sends header and bodies so slowly that they never end, from many clients; meanwhile others are served.
func drip(v *victim) {
	clients := amount(200, 20)
	v.sent(2 * clients)
	var conns []net.Conn
	for range clients {
		header, body := v.dial(), v.dial()
		_, _ = io.WriteString(header, "GET "+collection+" HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		_, _ = io.WriteString(body, "POST "+collection+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
		conns = append(conns, header, body)
	}
	open := len(conns)
	more := time.NewTicker(100 * time.Millisecond)
	defer more.Stop()
	for deadline := time.Now().Add(10 * time.Second); open > 0 && time.Now().Before(deadline); <-more.C {
		v.wantService()
		open = 0
		for _, conn := range conns {
			if _, err := io.WriteString(conn, "a"); err == nil {
				open++
			}
		}
	}
	if open > 0 {
		v.Errorf("%d slow clients are still waited for", open)
	}
	for _, conn := range conns {
		v.wantOnly("slow", v.answers(conn), 0, 400, 408)
	}
}

// halfOpen connects and says nothing, or half of something, and stays.
func halfOpen(v *victim) {
	const request = "POST " + collection + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"
	var conns []net.Conn
	for i := range amount(200, 20) {
		conn := v.dial()
		_, _ = io.WriteString(conn, request[:i%len(request)])
		conns = append(conns, conn)
	}
	v.sent(len(conns))
	v.wantService()
	for _, conn := range conns {
		v.wantOnly("half open", v.answers(conn), 0, 400, 408)
	}
}

// neverEnd takes all places for large bodies. Who sends a small one does not notice.
func neverEnd(v *victim) {
	conns := make([]net.Conn, amount(100, 10))
	for i := range conns {
		conns[i] = v.dial()
		_, _ = io.WriteString(conns[i], "POST "+collection+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"+strings.Repeat(" ", 300_000))
	}
	v.sent(len(conns))
	v.wantService()
	for _, conn := range conns {
		v.wantOnly("never ends", v.answers(conn), 0, 400, 408, 503)
	}
}

// cutInTheMiddle ends connections after each byte of a request: with an end of what is sent, and with a reset.
func cutInTheMiddle(v *victim) {
	body := connector("cut")
	request := fmt.Sprintf("POST /v2/cut/data-connectors HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for end := 0; end < len(request); end += amount(1, 20) {
		v.sent(2)
		for _, linger := range []int{-1, 0} {
			conn := v.dial().(*net.TCPConn)
			_, _ = io.WriteString(conn, request[:end])
			_ = conn.SetLinger(linger)
			_ = conn.Close()
		}
	}
	if list := v.want(http.StatusOK, http.MethodGet, "/v2/cut/data-connectors", ""); !strings.Contains(list, `"total_count":0`) {
		v.Errorf("half a request was carried out: %s", list)
	}
}

// doNotRead asks for much, many times over, and takes nothing of it.
func doNotRead(v *victim) {
	const path = "/v2/large/data-connectors"
	for i := range amount(1000, 200) {
		v.want(http.StatusCreated, http.MethodPost, path, connector(fmt.Sprintf("n%d", i)))
	}
	v.forgetPeak()
	var conns []net.Conn
	for range amount(100, 20) {
		conn := v.dial()
		_ = conn.(*net.TCPConn).SetReadBuffer(1 << 10)
		_, _ = io.WriteString(conn, strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n", 50))
		conns = append(conns, conn)
	}
	v.sent(50 * len(conns))
	if !eventually(patience, func() bool { return v.vitals().connections <= v.at.connections+1 }) {
		v.Errorf("%s: readers that do not read are still waited for", v.vitals())
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
}

// pipelines sends many requests in one write: all are answered, in order.
func pipelines(v *victim) {
	n := amount(1000, 100)
	var requests strings.Builder
	var want []int
	for i := range n - 1 {
		status, target := http.StatusOK, collection
		if i%3 == 0 {
			status, target = http.StatusNotFound, "/nowhere"
		}
		if i%7 == 0 {
			status, target = http.StatusBadRequest, collection+"?limit=0"
		}
		want = append(want, status)
		fmt.Fprintf(&requests, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target)
	}
	want = append(want, http.StatusOK)
	requests.WriteString(get(collection))
	v.sent(n - 1)
	got := v.send(strings.NewReader(requests.String()))
	if !slices.Equal(got, want) {
		v.Errorf("%d requests in one write have %d answers, or in another order", len(want), len(got))
	}
}

// idleConnections opens as many as the handles of the test allow, up to 10,000, and serves others meanwhile.
func idleConnections(v *victim) {
	n := min(amount(10_000, 1_000), allowedFiles(v)-200)
	v.sent(n)
	conns := make([]net.Conn, 0, n)
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	for range n {
		conn, err := v.connect()
		if err != nil {
			v.Fatalf("after %d connections: %v", len(conns), err)
		}
		conns = append(conns, conn)
	}
	if !eventually(patience, func() bool { return v.vitals().connections >= n }) {
		v.Errorf("%s, of %d connections", v.vitals(), n)
	}
	v.wantService()
	v.Logf("%d idle connections: %s", n, v.vitals())
}

// allowedFiles raises the number of files that the test may have open as far as it may be raised.
func allowedFiles(v *victim) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		v.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		v.Fatal(err)
	}
	return int(limit.Cur)
}

// tooManyConnections fills the house: who comes then is told so and sent away, and when there is room again, let in.
func tooManyConnections(v *victim) {
	const room, beyond = 50, 100
	conns := make([]net.Conn, room)
	for i := range conns {
		conns[i] = v.moveIn()
		_, _ = io.WriteString(conns[i], "GET "+collection+" HTTP/1.1\r\nHost: x\r\n") // and no more
	}
	v.sent(room + beyond)
	atOnce(beyond, func(int) {
		start := time.Now()
		v.wantOnly("beyond the limit", v.answers(v.dial()), http.StatusServiceUnavailable)
		if took := time.Since(start); took > patience {
			v.Errorf("it took %v to be sent away", took)
		}
	})
	for _, conn := range conns {
		_ = conn.Close()
	}
	if !eventually(patience, func() bool { status, _, _ := v.ask(http.MethodGet, collection, ""); return status == http.StatusOK }) {
		v.Error("there is no room again")
	}
}

// moveIn is a connection that surely has a place: it has been answered. Until the server has closed the connections of
// those who asked before, one of their places is still taken.
func (v *victim) moveIn() (conn net.Conn) {
	v.Helper()
	if !eventually(patience, func() bool {
		conn = v.dial()
		_, _ = io.WriteString(conn, "GET "+collection+" HTTP/1.1\r\nHost: x\r\n\r\n")
		status, _ := readAnswer(bufio.NewReader(conn))
		return status == http.StatusOK
	}) {
		v.Fatal("there is no room from the beginning")
	}
	return conn
}
