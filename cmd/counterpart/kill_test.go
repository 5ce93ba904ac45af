package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
)

// observed is our mock behind a socket; at is called with the number of every creation, before or after it is carried out.
type observed struct {
	*httptest.Server
	mock      http.Handler
	creations atomic.Int64
	before    hook
	after     hook
}

// hook is a function that may be set while the server runs.
type hook struct{ atomic.Pointer[func(n int64)] }

func (h *hook) set(f func(n int64)) { h.Store(&f) }

func (h *hook) call(n int64) {
	if f := h.Load(); f != nil {
		(*f)(n)
	}
}

func observe(t *testing.T) *observed {
	t.Helper()
	mock, err := mockserver.New(mockserver.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	o := &observed{mock: mock}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			mock.ServeHTTP(w, r)
			return
		}
		n := o.creations.Add(1)
		o.before.call(n)
		rec := httptest.NewRecorder()
		mock.ServeHTTP(rec, r)
		o.after.call(n)
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	t.Cleanup(o.Close)
	return o
}

const project = "/v2/ac66f1a5e8f443998ec62c8cb1aefda7/data-connectors"

// create puts a connection of somebody else on the server.
func (o *observed) create(t *testing.T, name string) {
	t.Helper()
	body := fmt.Sprintf(`{"data_connector":{"connector_name":%q,"source_type":"RDS_MYSQL","source_info":"{\"db_name\":\"d\",\"user_name\":\"u\",\"password\":\"p\",\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\"}"}}`, name)
	request := httptest.NewRequest(http.MethodPost, project, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	if o.mock.ServeHTTP(w, request); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

// names are those of the connections on the server.
func (o *observed) names(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	o.mock.ServeHTTP(w, httptest.NewRequest(http.MethodGet, project, nil))
	var list struct {
		Items []struct {
			Name string `json:"connector_name"`
		} `json:"data_connectors"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	return strings.Join(names, " ")
}

// process is "counterpart" as a process of its own.
func process(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command("counterpart", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	return cmd, &stdout, &stderr
}

// TestKilled kills a run before and after the server has carried a creation out, early and late; what it left is found
// by its ledger, and nothing else is touched.
func TestKilled(t *testing.T) {
	for _, row := range []struct {
		name    string
		at      int64
		carried bool
	}{
		{"before the first creation is carried out", 1, false},
		{"before the first creation is answered", 1, true},
		{"before a later creation is answered", 12, true},
		{"among creations at the same time", 75, true},
		{"late", 300, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			o := observe(t)
			for _, name := range []string{"mine", "counterpart-mine", "counterpart-7-0", "counterpart-8-1"} {
				o.create(t, name)
			}
			mine := o.names(t)
			ledger := filepath.Join(t.TempDir(), "run.ledger")
			cmd, _, _ := process(t, "verify", o.URL, "--seed", "7", "--ledger", ledger)
			started := make(chan struct{})
			kill := func(n int64) {
				if n == row.at {
					<-started
					_ = cmd.Process.Kill()
				}
			}
			if row.carried {
				o.after.set(kill)
			} else {
				o.before.set(kill)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			close(started)
			if err := cmd.Wait(); err == nil {
				t.Fatal("it was not killed")
			}
			if left := o.names(t); row.carried && left == mine {
				t.Fatal("the run left nothing: it was not killed in time")
			}
			cleanedUp(t, ledger)
			if left := o.names(t); left != mine {
				t.Errorf("left on the server: %s, wanted %s", left, mine)
			}
			cleanedUp(t, ledger) // a second time: nothing is left, and that is said
		})
	}
}

func cleanedUp(t *testing.T, ledger string) {
	t.Helper()
	cmd, stdout, stderr := process(t, "cleanup", ledger)
	if err := cmd.Run(); err != nil || !strings.Contains(stdout.String(), " 0 left") {
		t.Errorf("cleanup: %v\n%s%s", err, stdout, stderr)
	}
}

// TestInterruptedRun sends SIGINT in the middle: the report is written, and nothing is left, not even the ledger.
func TestInterruptedRun(t *testing.T) {
	o := observe(t)
	dir := t.TempDir()
	report := filepath.Join(dir, "report.json")
	cmd, _, stderr := process(t, "verify", o.URL, "--seed", "7", "--report", "json="+report)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	started := make(chan struct{})
	o.after.set(func(n int64) {
		if n == 40 {
			<-started
			_ = cmd.Process.Signal(syscall.SIGINT)
		}
	})
	err := cmd.Start()
	if err != nil {
		t.Fatal(err)
	}
	close(started)
	err = cmd.Wait()
	if cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("%v: %s", err, stderr)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var value struct {
		Interrupted string `json:"interrupted"`
		Cases       int    `json:"cases"`
	}
	if err := json.Unmarshal(text, &value); err != nil || value.Interrupted == "" || value.Cases == 0 {
		t.Errorf("%v: %+v", err, value)
	}
	if left := o.names(t); left != "" {
		t.Errorf("left on the server: %s", left)
	}
	if ledgers, _ := filepath.Glob(filepath.Join(dir, "*.ledger")); len(ledgers) > 0 {
		t.Errorf("left behind: %v", ledgers)
	}
}
