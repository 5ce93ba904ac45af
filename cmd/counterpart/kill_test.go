package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/counterpart-go/counterpart/mockserver"
)

const (
	examplesProject = "ac66f1a5e8f443998ec62c8cb1aefda7" // where a run works when nobody says otherwise
	otherProject    = "elsewhere"
)

// killer is our mock, which does something to a program while that creates its n-th item.
type killer struct {
	mock http.Handler
	n    int64

	posts atomic.Int64
	gate  sync.RWMutex // is held for reading while a request is served
	over  bool         // guarded by gate: what was still on the way is not carried out
	// during is guarded by gate. It is given what creates the item, which it must call once.
	during func(create func())
}

func newKiller(t *testing.T, n int64) *killer {
	t.Helper()
	mock, err := mockserver.New(mockserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &killer{mock: mock, n: n}
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.gate.RLock()
	defer k.gate.RUnlock()
	body, err := io.ReadAll(r.Body)
	if err != nil || k.over && r.Method == http.MethodPost {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if r.Method == http.MethodPost && k.during != nil && k.posts.Add(1) == k.n {
		k.during(func() {
			k.mock.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context()))) // it does not mind that the client has gone
			_ = http.NewResponseController(w).Flush()
		})
		return
	}
	k.mock.ServeHTTP(w, r)
}

// meanwhile sets what is done while the n-th item is created.
func (k *killer) meanwhile(do func(create func())) {
	k.gate.Lock()
	defer k.gate.Unlock()
	k.during = do
}

// end waits for the requests that are being served.
func (k *killer) end() {
	k.gate.Lock()
	defer k.gate.Unlock()
	k.over = true
}

// create puts an item of somebody else on the server.
func (k *killer) create(t *testing.T, project, name string) {
	t.Helper()
	body := fmt.Sprintf(`{"data_connector":{"connector_name":%q,"source_type":"RDS_MYSQL","source_info":"{\"rds_instance_id\":\"29cfbd4a2fc848faae03fe8ca1bd2dd2in01\",\"db_name\":\"hive\",\"user_name\":\"root\",\"password\":\"hunter2\"}"}}`, name)
	request := httptest.NewRequest(http.MethodPost, "/v2/"+project+"/data-connectors", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	if k.mock.ServeHTTP(w, request); w.Code != http.StatusCreated {
		t.Fatalf("creating %s: %d %s", name, w.Code, w.Body)
	}
}

// items are all that the server has, as it lists them.
func (k *killer) items() string {
	var b strings.Builder
	for _, project := range []string{examplesProject, otherProject} {
		w := httptest.NewRecorder()
		k.mock.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/"+project+"/data-connectors", nil))
		b.WriteString(w.Body.String())
	}
	return b.String()
}

// createOthers makes items that are not the run's: with names like those of a run with the seed 7, and with the very
// same names in another project.
func (k *killer) createOthers(t *testing.T) {
	t.Helper()
	for _, name := range []string{"mine", "counterpart", "counterpart-7-", "counterpart-7-0", "counterpart-7-1-mine", "counterpart-70-1", "Counterpart-7-1", "mrs-mysql-connector"} {
		k.create(t, examplesProject, name)
	}
	for i := range 40 {
		k.create(t, otherProject, fmt.Sprintf("counterpart-7-%d", i))
	}
}

// counterpartProgram is the real one, in a process of its own.
func counterpartProgram(t *testing.T, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	cmd = exec.CommandContext(t.Context(), "counterpart", args...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	return cmd, stdout, stderr
}

func TestAKilledRunIsCleanedUp(t *testing.T) {
	for _, n := range []int64{1, 4, 9, 23, 36} {
		for _, moment := range []string{"answered", "arrived"} {
			t.Run(fmt.Sprintf("%s %d", moment, n), func(t *testing.T) {
				t.Parallel()
				k := newKiller(t, n)
				k.createOthers(t)
				before := k.items()
				served := httptest.NewServer(k)
				defer served.Close()
				ledger := filepath.Join(t.TempDir(), "run.ledger")
				killRun(t, k, served.URL, ledger, moment)
				if k.posts.Load() < n {
					t.Fatalf("the run ended by itself, after %d items", k.posts.Load())
				}
				if k.items() == before && moment == "arrived" {
					t.Fatal("the run left nothing to clean up")
				}
				cleanUpAfter(t, k, ledger, before)
			})
		}
	}
}

// killRun starts a run and kills it while, or after, the server creates the n-th item.
func killRun(t *testing.T, k *killer, url, ledger, moment string) {
	t.Helper()
	cmd, _, _ := counterpartProgram(t, "verify", url, "--ledger", ledger, "--seed", "7", "--phase", "examples,state")
	started, dead := make(chan struct{}), make(chan struct{})
	k.meanwhile(func(create func()) {
		<-started
		if moment == "answered" {
			create()
		}
		_ = cmd.Process.Kill()
		<-dead
		if moment == "arrived" {
			create()
		}
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	err := cmd.Wait()
	close(dead)
	k.end()
	if cmd.ProcessState.Exited() {
		t.Fatalf("the run was not killed: %v", err)
	}
}

// cleanUpAfter cleans up twice. The server must then be as it was before.
func cleanUpAfter(t *testing.T, k *killer, ledger, before string) {
	t.Helper()
	cmd, stdout, stderr := counterpartProgram(t, "cleanup", ledger)
	if err := cmd.Run(); err != nil || stderr.Len() > 0 || !strings.HasSuffix(stdout.String(), ", 0 left\n") {
		t.Errorf("cleanup: %v\n%s%s", err, stdout, stderr)
	}
	if got := k.items(); got != before {
		t.Errorf("the server is not as it was:\n%s\nwas\n%s", got, before)
	}
	cmd, stdout, stderr = counterpartProgram(t, "cleanup", ledger)
	if err := cmd.Run(); err != nil || stderr.Len() > 0 || !regexp.MustCompile(`: 0 deleted, \d+ gone, 0 left\n$`).MatchString(stdout.String()) {
		t.Errorf("the second cleanup: %v\n%s%s", err, stdout, stderr)
	}
}

// TestAnInterruptedRunLeavesNothing sends SIGINT while the server creates the n-th item, which takes a while.
func TestAnInterruptedRunLeavesNothing(t *testing.T) {
	for _, n := range []int64{1, 7, 20} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			k := newKiller(t, n)
			k.createOthers(t)
			before := k.items()
			served := httptest.NewServer(k)
			defer served.Close()
			dir := t.TempDir()
			report := func(name string) string { return filepath.Join(dir, name) }
			cmd, stdout, stderr := counterpartProgram(t, "verify", served.URL, "--phase", "examples,state",
				"--report", "text,json="+report("r.json"), "--report", "junit="+report("r.xml"), "--report", "html="+report("r.html"))
			started := make(chan struct{})
			k.meanwhile(func(create func()) {
				<-started
				_ = cmd.Process.Signal(os.Interrupt)
				slow := time.NewTimer(200 * time.Millisecond) // so that the program knows before it has its answer
				<-slow.C
				create()
			})
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			close(started)
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitFailed {
				t.Errorf("exit status %d, want 2\n%s", code, stderr)
			}
			k.end()
			if got := k.items(); got != before {
				t.Errorf("the server is not as it was:\n%s\nwas\n%s", got, before)
			}
			wantWords(t, stdout.String(), "interrupted: the run was interrupted")
			wantWords(t, stderr.String(), "counterpart: no verdict: the run was interrupted")
			wantWords(t, contents(t, report("r.xml")), "</testsuites>")
			wantWords(t, contents(t, report("r.html")), "interrupted", "</html>")
			if got := validReportFile(t, report("r.json"))["interrupted"]; got != "the run was interrupted" {
				t.Errorf("the report says %q", got)
			}
			wantNoLedger(t, cmd)
		})
	}
}

// wantNoLedger looks into the folder for temporary files that the program was given.
func wantNoLedger(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	dir := strings.TrimPrefix(cmd.Env[len(cmd.Env)-1], "TMPDIR=")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) > 0 {
		t.Errorf("temporary files are left: %v (%v)", files, err)
	}
}

func contents(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// validReportFile is a JSON report, held to its schema.
func validReportFile(t *testing.T, file string) map[string]any {
	t.Helper()
	schema, err := jsonschema.Compile(filepath.Join("..", "..", "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report map[string]any
	if err := json.Unmarshal([]byte(contents(t, file)), &report); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(report); err != nil {
		t.Errorf("%#v", err)
	}
	return report
}

// TestAServerThatCannotDelete leaves something: the program says so, keeps its ledger, and the ledger cleans up later.
func TestAServerThatCannotDelete(t *testing.T) {
	k := newKiller(t, 0)
	before := k.items()
	var healed atomic.Bool
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete && !healed.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		k.ServeHTTP(w, r)
	}))
	defer served.Close()
	cmd, _, stderr := counterpartProgram(t, "verify", served.URL, "--phase", "examples", "--report", "text="+filepath.Join(t.TempDir(), "r.txt"))
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != exitBroken {
		t.Errorf("exit status %d, want 1", code)
	}
	told := regexp.MustCompile(`^counterpart: \d+ items may be left on the server; see what and delete them with: counterpart cleanup (\S+)\n$`).FindStringSubmatch(stderr.String())
	if told == nil {
		t.Fatalf("stderr: %s", stderr)
	}
	if k.items() == before {
		t.Fatal("nothing was left")
	}
	again, stdout, _ := counterpartProgram(t, "cleanup", told[1])
	if _ = again.Run(); again.ProcessState.ExitCode() != exitBroken || !strings.Contains(stdout.String(), "left ") {
		t.Errorf("a cleanup that deletes nothing: exit status %d\n%s", again.ProcessState.ExitCode(), stdout)
	}
	healed.Store(true)
	cleanUpAfter(t, k, told[1], before)
}
