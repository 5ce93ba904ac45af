package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// siege is a program with its flags, and the attacks that it must survive one after the other.
type siege struct {
	name    string
	flags   []string
	attacks []attack
}

// attack does harm to a running program. It reports an answer that is wrong; what becomes of the program, survive
// looks at.
type attack struct {
	name string
	do   func(*victim)
}

// TestHostile attacks the real program over the wire. After each attack it must be the same process, serve others in
// time, have panicked nowhere, and hold no more memory, goroutines, connections and file handles than before.
func TestHostile(t *testing.T) {
	f := &figures{answers: map[string]int{}}
	for _, s := range []siege{
		{"bodies", nil, bodyAttacks()},
		{"targets", hasty(), targetAttacks()},
		{"framing", hasty(), framingAttacks()},
		{"time", hasty(), timeAttacks()},
		{"crowds", []string{"--idle-time", "20s", "--header-time", "20s"}, []attack{{"idle connections", idleConnections}}},
		{"a small house", []string{"--max-connections", "50"}, []attack{{"more connections than it takes", tooManyConnections}}},
		{"patterns", []string{"--overlay", endlessPatterns(t)}, patternAttacks()},
	} {
		t.Run(s.name, func(t *testing.T) { s.run(t, f) })
	}
	t.Log(f)
}

// hasty are times that let a slow client be caught within a test.
func hasty() []string {
	return []string{"--header-time", "1s", "--body-time", "2s", "--write-time", "2s", "--idle-time", "1s"}
}

func (s siege) run(t *testing.T, f *figures) {
	v := besiege(t, f, s.flags...)
	for _, a := range s.attacks {
		t.Run(a.name, func(t *testing.T) { v.with(t).survive(a) })
	}
}

// figures are what all attacks together came to.
type figures struct {
	mu      sync.Mutex // guards all below
	attacks int
	inputs  int
	peak    int            // MB
	slowest time.Duration  // service to somebody else after an attack: a create, a list and a delete
	answers map[string]int // by status, or by how the connection ended
}

func (f *figures) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var answers []string
	for what, n := range f.answers {
		answers = append(answers, fmt.Sprintf("%s: %d", what, n))
	}
	slices.Sort(answers)
	peak := ""
	if f.peak > 0 { // the soak test has samples instead
		peak = fmt.Sprintf(", %d MB at the peak, others served within %v", f.peak, f.slowest.Round(time.Millisecond))
	}
	return fmt.Sprintf("%d attacks, %d hostile inputs%s; answers %s", f.attacks, f.inputs, peak, strings.Join(answers, ", "))
}

// sent counts hostile inputs, whatever becomes of them.
func (f *figures) sent(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inputs += n
}

func (f *figures) answered(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[what]++
}

func (f *figures) survived(peak int, service time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attacks++
	f.peak, f.slowest = max(f.peak, peak), max(f.slowest, service)
}

// victim is a running "counterpart serve", in a process of its own.
type victim struct {
	testing.TB
	*figures
	url    string
	addr   string
	pid    int
	log    string          // the file that its stderr goes to
	gone   <-chan struct{} // closed when the process has ended
	client *http.Client    // of somebody who means well
	at     vitals          // before the first attack
}

func (v *victim) with(t testing.TB) *victim {
	other := *v
	other.TB = t
	return &other
}

// besiege starts the program, which ends with the test.
func besiege(t testing.TB, f *figures, flags ...string) *victim {
	t.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("a process is looked into through /proc, which this system does not have")
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("counterpart", append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...)
	cmd.Stderr = log
	url, _ := listening(t, cmd)
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-gone; _ = log.Close() })
	if url == "" {
		t.Fatalf("it does not listen; stderr: %s", contentsOf(log.Name()))
	}
	_, addr, _ := strings.Cut(url, "://")
	v := &victim{TB: t, figures: f, url: url, addr: addr, pid: cmd.Process.Pid, log: log.Name(), gone: gone, client: newcomer()}
	v.wantService()
	v.at = v.vitals()
	return v
}

// patience is how long the program may take for what takes it milliseconds, on a machine that has much else to do.
const patience = 15 * time.Second

// newcomer has a connection of its own for each request.
func newcomer() *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

func contentsOf(file string) string {
	text, _ := os.ReadFile(file)
	return string(text)
}

// What the program may take, in MB; the race detector needs several times as much.
const (
	// While it is attacked: two bodies of 12 MB at a time, each as text, as the JSON in it and as values, the garbage of the
	// attack before, and the journal.
	mostMemory = 450
	// While bodies come that are larger than what is taken.
	mostMemoryRefused = 300
	// Once it is left alone. Go's runtime keeps what the heap may grow to and a tenth more: with the headroom that serve
	// asks for and a full journal, up to 146 MB without a leak.
	mostMemoryAfter = 175
	// What it nearly always comes back to within a second.
	usualMemory = 150
)

func megabytes(n int) int {
	if underRace() {
		return 8 * n
	}
	return n
}

func underRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

var thorough = flag.Bool("thorough", false, "TestHostile: attack with everything; otherwise with some of it")

// amount is how much of something a run has.
func amount(whole, some int) int {
	if *thorough {
		return whole
	}
	return some
}

func (v *victim) survive(a attack) {
	v.Helper()
	v.forgetPeak()
	start := time.Now()
	a.do(v)
	took := time.Since(start)
	peak := v.memory("VmHWM")
	if peak > megabytes(mostMemory) {
		v.Errorf("it took %d MB", peak)
	}
	v.wantService()
	service := time.Since(start) - took
	now := v.wantRecovery()
	v.survived(peak, service)
	v.Logf("%v, then %v to serve others, %v to recover; %d MB at the peak, now %s", took.Round(time.Millisecond),
		service.Round(time.Millisecond), (time.Since(start) - took - service).Round(time.Millisecond), peak, now)
}

// forgetPeak lets the kernel measure the most memory from here on (proc(5), clear_refs).
func (v *victim) forgetPeak() {
	v.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", v.pid), []byte("5"), 0); err != nil {
		v.Fatal(err)
	}
}

// memory is a row of /proc/PID/status, in MB.
func (v *victim) memory(row string) int {
	v.Helper()
	for line := range strings.Lines(contentsOf(fmt.Sprintf("/proc/%d/status", v.pid))) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == row+":" {
			kilobytes, _ := strconv.Atoi(fields[1])
			return kilobytes / 1024
		}
	}
	v.Fatalf("the program has ended:\n%s", v.lastWords())
	return 0
}

func (v *victim) lastWords() string {
	log := contentsOf(v.log)
	return log[max(0, len(log)-8000):]
}

// wantService sends what everybody sends: a create, a list that shows it, a delete.
func (v *victim) wantService() {
	v.Helper()
	const path = "/v2/hostile/data-connectors"
	created := v.want(http.StatusCreated, http.MethodPost, path, connector("probe"))
	_, id, _ := strings.Cut(created, `"connector_id":"`)
	id, _, _ = strings.Cut(id, `"`)
	if list := v.want(http.StatusOK, http.MethodGet, path, ""); !strings.Contains(list, id) {
		v.Errorf("the list lacks %s: %s", id, list)
	}
	v.want(http.StatusNoContent, http.MethodDelete, path+"/"+id, "")
}

// connector is the body of a create.
func connector(name string) string {
	return fmt.Sprintf(`{"data_connector":{"connector_name":%q,"source_type":"RDS_MYSQL","source_info":%q}}`, name, soundInfo)
}

const soundInfo = `{"rds_instance_id":"29cfbd4a2fc848faae03fe8ca1bd2dd2in01","db_name":"hive","user_name":"root","password":"hunter2"}`

func (v *victim) want(status int, method, path, body string) string {
	v.Helper()
	got, text, err := v.ask(method, path, body)
	if err != nil {
		v.Fatalf("%s %s of somebody else: %v; log:\n%s", method, path, err, v.lastWords())
	}
	if got != status {
		v.Errorf("%s %s of somebody else is answered with %d: %s", method, path, got, text)
	}
	return text
}

func (v *victim) ask(method, path, body string) (status int, text string, err error) {
	request, err := http.NewRequest(method, v.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := v.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(read), err
}

// vitals are what tells how a program is.
type vitals struct {
	memory                                 int // MB
	goroutines, files, connections, panics int
}

func (s vitals) String() string {
	return fmt.Sprintf("%d MB, %d goroutines, %d files, %d connections", s.memory, s.goroutines, s.files, s.connections)
}

// vitals asks the program itself. The asking has a connection and goroutines of its own, before as after.
func (v *victim) vitals() vitals {
	v.Helper()
	s := vitals{memory: v.memory("VmRSS")}
	rows := map[string]*int{"go_goroutines": &s.goroutines, "process_open_fds": &s.files, "counterpart_connections": &s.connections, "counterpart_panics_total": &s.panics}
	for line := range strings.Lines(v.want(http.StatusOK, http.MethodGet, "/_counterpart/metrics", "")) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), " "); rows[name] != nil {
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				v.Fatalf("%s: %v", line, err)
			}
			*rows[name] = int(number)
			delete(rows, name)
		}
	}
	if len(rows) > 0 {
		v.Fatalf("metrics lack %v", rows)
	}
	return s
}

// wantRecovery waits until the program is as it was before. Its garbage is collected when others use it: so they do.
func (v *victim) wantRecovery() vitals {
	v.Helper()
	const slack = 10 // goroutines and files of connections that are being closed
	var now vitals
	back := func(memory int) func() bool {
		return func() bool {
			if now = v.vitals(); now.memory > memory {
				atOnce(8, func(int) { _, _, _ = v.ask(http.MethodGet, "/_counterpart/metrics", "") }) // takes much memory, and so leads to a collection
			}
			return now.memory <= memory && now.goroutines <= v.at.goroutines+slack && now.files <= v.at.files+slack && now.connections <= v.at.connections+slack
		}
	}
	// What one attack leaves behind, the next one begins with: so it is given time to let go of more than it must.
	recovered := eventually(10*time.Second, back(megabytes(usualMemory))) || eventually(patience, back(megabytes(mostMemoryAfter)))
	if !recovered {
		v.Errorf("it does not recover: %s; before the first attack it was %s", now, v.at)
	}
	if now.panics > 0 || strings.Contains(contentsOf(v.log), "panic") {
		v.Errorf("%d panics; log:\n%s", now.panics, v.lastWords())
	}
	return now
}

// eventually looks again and again until it is so; false when it never is.
func eventually(limit time.Duration, so func() bool) bool {
	deadline, again := time.After(limit), time.NewTicker(10*time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-deadline:
			return false
		case <-again.C:
		}
	}
	return true
}

// dial opens a connection on which nothing waits for ever. It is closed with the test at the latest.
func (v *victim) dial() net.Conn {
	v.Helper()
	conn, err := v.connect()
	if err != nil {
		v.Fatal(err)
	}
	v.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (v *victim) connect() (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(v.Context(), "tcp", v.addr)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(60 * time.Second))
}

// send writes all of a hostile input on a connection of its own and gives the statuses of what is answered until the
// server closes it.
// Writing goes on while the answer is read: a server that has heard enough says so early.
func (v *victim) send(input io.Reader) []int {
	v.Helper()
	v.sent(1)
	conn, err := v.connect()
	if err != nil {
		v.Error(err)
		return nil
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = io.Copy(conn, input) // cut off by the server, or by the end below
	}()
	answers := v.answers(conn)
	_ = conn.Close()
	<-written
	return answers
}

// answers reads answers until the connection ends, and gives their statuses.
func (v *victim) answers(conn net.Conn) (statuses []int) {
	v.Helper()
	r := bufio.NewReader(conn)
	for {
		status, err := readAnswer(r)
		if status > 0 {
			statuses = append(statuses, status)
			v.answered(strconv.Itoa(status))
		}
		var late net.Error
		switch {
		case errors.As(err, &late) && late.Timeout():
			v.Error("it neither answers nor closes the connection")
			return statuses
		case err != nil:
			if len(statuses) == 0 {
				v.answered("closed")
			}
			return statuses
		}
	}
}

// readAnswer reads a whole answer; the status is 0 when there is none.
func readAnswer(r *bufio.Reader) (status int, err error) {
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	_, err = io.Copy(io.Discard, answer.Body) // one without a length ends with its connection
	return answer.StatusCode, err
}

// wantOnly checks that there is one answer, with one of the statuses; with 0 among them none will do too.
func (v *victim) wantOnly(name string, answers []int, statuses ...int) {
	v.Helper()
	got := 0
	if len(answers) > 0 {
		got = answers[0]
	}
	if len(answers) > 1 || !slices.Contains(statuses, got) {
		v.Errorf("%s: %d answers, the first %d, want one of %v", name, len(answers), got, statuses)
	}
}

// atOnce does the same n times at once, and waits.
func atOnce(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}
