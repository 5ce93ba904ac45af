package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver/sqlstore/postgrestest"
)

var kills = flag.Int("kills", 5, "how often a crash test kills the program, a store; 2 in short tests")

const writers = 8

func timesToKill() int {
	if testing.Short() {
		return min(*kills, 2)
	}
	return *kills
}

func TestCrashLosesNothingInSQLite(t *testing.T) {
	t.Parallel()
	testCrashes(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"))
}

func TestCrashLosesNothingInPostgres(t *testing.T) {
	t.Parallel()
	testCrashes(t, postgrestest.Start(t))
}

// testCrashes kills the program while it is written to, again and again. What it had acknowledged must be there afterwards.
func testCrashes(t *testing.T, store string) {
	seed := rand.Uint64()
	moments := rand.New(rand.NewPCG(seed, 1))
	everybody := newWriters(seed)
	for range timesToKill() {
		p := startReplica(t, store)
		everybody.write(t, p.url, 20+moments.Int64N(300), func() { _ = p.cmd.Process.Kill() })
		p.wait()
		checked := startReplica(t, store)
		everybody.check(t, checked.url)
		checked.kill()
	}
	t.Logf("seed %d: %d kills survived; %s", seed, timesToKill(), everybody)
}

func TestCrashOfPostgresLosesNothing(t *testing.T) {
	t.Parallel()
	server := postgrestest.Own(t)
	store := server.Database(t)
	seed := rand.Uint64()
	everybody := newWriters(seed)
	p := startReplica(t, store)
	for range timesToKill() {
		everybody.write(t, p.url, 100, func() { server.Stop(t) })
		server.Restart(t)
		everybody.check(t, p.url)
		for range 5 {
			everybody.write(t, p.url, 50, func() { server.Cut(t, store) })
		}
		everybody.check(t, p.url)
	}
	t.Logf("seed %d: %d restarts and %d times all connections cut; %s", seed, timesToKill(), 5*timesToKill(), everybody)
}

// replica is the real program, serving.
type replica struct {
	cmd    *exec.Cmd
	url    string
	stderr *bytes.Buffer // to be read after its end
}

func startReplica(t *testing.T, store string, args ...string) *replica {
	t.Helper()
	cmd, _, stderr := counterpartProgram(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(cmd.Env, "COUNTERPART_STORE="+store)
	p := &replica{cmd: cmd, stderr: stderr}
	p.url, _ = listening(t, cmd)
	t.Cleanup(p.kill)
	if p.url == "" {
		p.wait()
		t.Fatalf("it does not listen; stderr: %s", stderr)
	}
	return p
}

func (p *replica) wait() { _ = p.cmd.Wait() }

func (p *replica) kill() {
	_ = p.cmd.Process.Kill()
	p.wait()
}

// crew are writers that work at the same time.
type crew struct {
	writers                                        []*writer
	acknowledged, refused, unavailable, unanswered atomic.Int64
	checked                                        int
}

func newWriters(seed uint64) *crew {
	c := &crew{}
	for i := range writers {
		c.writers = append(c.writers, &writer{crew: c, name: fmt.Sprintf("writer%d", i), project: fmt.Sprintf("p%d", i%2),
			random: rand.New(rand.NewPCG(seed, uint64(100+i)))})
	}
	return c
}

func (c *crew) String() string {
	return fmt.Sprintf("%d writes acknowledged, %d refused, %d unavailable, %d unanswered; %d items checked",
		c.acknowledged.Load(), c.refused.Load(), c.unavailable.Load(), c.unanswered.Load(), c.checked)
}

// write lets everybody write; after so many answers the fault happens, and everybody stops at the first request that is
// not carried out, or some requests after it.
func (c *crew) write(t *testing.T, url string, answers int64, fault func()) {
	t.Helper()
	var group sync.WaitGroup
	var left atomic.Int64
	left.Store(answers)
	happened := make(chan struct{})
	for _, w := range c.writers {
		group.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for after := 0; after < 5; {
				answered := w.step(t, client, url)
				if left.Add(-1) == 0 {
					fault()
					close(happened)
				}
				select {
				case <-happened:
					if after++; !answered {
						return
					}
				default:
				}
			}
		})
	}
	group.Wait()
}

// writer works on items of its own, one request at a time.
type writer struct {
	crew    *crew
	name    string
	project string
	random  *rand.Rand
	items   []*item // all that there ever were
}

// item is what its writer knows of it: the states that it may be in. A state is the database's name, "" for none.
type item struct {
	name, id string
	maybe    []string
	version  int
}

// isThere is false when nobody knows.
func (i *item) isThere() bool { return len(i.maybe) == 1 && i.maybe[0] != "" && i.id != "" }

// step sends one request and notes what it may have changed. It returns false when there was no answer.
func (w *writer) step(t *testing.T, client *http.Client, base string) bool {
	i := w.pick()
	collection := base + "/v2/" + w.project + "/data-connectors"
	switch dice := w.random.IntN(10); {
	case i == nil || dice < 4:
		i = &item{name: fmt.Sprintf("%s-%d", w.name, len(w.items)), maybe: []string{""}}
		w.items = append(w.items, i)
		return w.send(t, client, i, "v0", http.StatusCreated, http.MethodPost, collection, body(i.name, "v0"))
	case dice < 7:
		i.version++
		state := fmt.Sprintf("v%d", i.version)
		return w.send(t, client, i, state, http.StatusOK, http.MethodPut, collection+"/"+i.id, body(i.name, state))
	case dice < 9:
		return w.send(t, client, i, "", http.StatusNoContent, http.MethodDelete, collection+"/"+i.id, "")
	default:
		return w.send(t, client, i, i.maybe[0], http.StatusBadRequest, http.MethodPost, collection, body(i.name, "duplicate"))
	}
}

// pick chooses an item that is certainly there; nil when there is none.
func (w *writer) pick() *item {
	var there []*item
	for _, i := range w.items {
		if i.isThere() {
			there = append(there, i)
		}
	}
	if len(there) == 0 {
		return nil
	}
	return there[w.random.IntN(len(there))]
}

func body(name, database string) string {
	return fmt.Sprintf(`{"data_connector":{"connector_name":%q,"source_type":"RDS_MYSQL","source_info":"{\"rds_instance_id\":\"29cfbd4a2fc848faae03fe8ca1bd2dd2in01\",\"db_name\":\"%s\",\"user_name\":\"root\",\"password\":\"hunter2\"}"}}`, name, database)
}

// send sends a request that should put the item into a state.
func (w *writer) send(t *testing.T, client *http.Client, i *item, state string, want int, method, url, text string) bool {
	i.maybe = append(i.maybe, state)
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(text))
	if err != nil {
		t.Error(err)
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		w.crew.unanswered.Add(1)
		return false
	}
	content, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	switch {
	case answer.StatusCode >= http.StatusInternalServerError:
		w.crew.unavailable.Add(1)
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %s, Retry-After %q", method, answer.Status, answer.Header.Get("Retry-After"))
		}
		return true
	case answer.StatusCode != want:
		t.Errorf("%s of an item that may be %q: %s, want %d\n%s", method, i.maybe, answer.Status, want, content)
		return err == nil
	}
	// The status alone acknowledges it.
	i.maybe = []string{state}
	if want == http.StatusBadRequest {
		w.crew.refused.Add(1)
	} else {
		w.crew.acknowledged.Add(1)
	}
	var created struct {
		ID string `json:"connector_id"`
	}
	if want == http.StatusCreated && json.Unmarshal(content, &created) == nil {
		i.id = created.ID
	}
	return err == nil
}

// check compares what there is with what everybody knows, and lets everybody know how it has turned out.
func (c *crew) check(t *testing.T, base string) {
	t.Helper()
	there := map[string]map[string]listed{}
	for _, w := range c.writers {
		if there[w.project] == nil {
			there[w.project] = listAll(t, base, w.project)
		}
		for _, i := range w.items {
			found := there[w.project][i.name]
			delete(there[w.project], i.name)
			c.checked++
			if !slices.Contains(i.maybe, found.state) || i.id != "" && found.id != "" && i.id != found.id {
				t.Errorf("%s is %+v, want %+v", i.name, found, *i)
			}
			i.maybe, i.id = []string{found.state}, found.id
		}
	}
	for project, others := range there {
		if len(others) > 0 {
			t.Errorf("%s has what nobody created: %v", project, others)
		}
	}
}

type listed struct{ id, state string }

// listAll reads all pages of a project: every name must be there once.
func listAll(t *testing.T, base, project string) map[string]listed {
	t.Helper()
	all := map[string]listed{}
	for total := 1; len(all) < total; {
		var page struct {
			Total int `json:"total_count"`
			Items []struct {
				ID   string `json:"connector_id"`
				Name string `json:"connector_name"`
				Info string `json:"source_info"`
			} `json:"data_connectors"`
		}
		answer, err := http.Get(fmt.Sprintf("%s/v2/%s/data-connectors?limit=100&offset=%d", base, project, len(all)))
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(json.NewDecoder(answer.Body).Decode(&page), answer.Body.Close())
		if total = page.Total; err != nil || len(page.Items) == 0 && len(all) < total {
			t.Fatalf("%s, %v: %d of %d", answer.Status, err, len(all), total)
		}
		for _, i := range page.Items {
			var info struct {
				Database string `json:"db_name"`
			}
			if err := json.Unmarshal([]byte(i.Info), &info); err != nil || all[i.Name].id != "" {
				t.Fatalf("%s is there twice, or has no source_info: %v", i.Name, err)
			}
			all[i.Name] = listed{i.ID, info.Database}
		}
	}
	return all
}

// TestReplicasRaceForAName lets two programs on one database create the same name at the same time.
func TestReplicasRaceForAName(t *testing.T) {
	t.Parallel()
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	for kind, place := range map[string]func() string{
		"postgres": func() string { return postgrestest.Start(t) },
		"sqlite":   func() string { return "sqlite:" + filepath.Join(t.TempDir(), "store.db") },
	} {
		t.Run(kind, func(t *testing.T) {
			store := place()
			replicas := []*replica{startReplica(t, store, "--seed", "7"), startReplica(t, store, "--seed", "7")}
			ids := map[string]bool{}
			for round := range rounds {
				won := 0
				for _, r := range race(t, replicas, fmt.Sprintf("round-%d", round)) {
					if r.status == http.StatusCreated && !ids[r.id] {
						ids[r.id] = true
						won++
					} else if r.status != http.StatusBadRequest {
						t.Errorf("round %d: %+v", round, r)
					}
				}
				if won != 1 {
					t.Fatalf("round %d: %d have got the name", round, won)
				}
			}
			if n := len(listAll(t, replicas[0].url, "race")); n != rounds {
				t.Errorf("%d items after %d rounds", n, rounds)
			}
			t.Logf("%d races, one winner each, with the same seed for both", rounds)
		})
	}
}

type raced struct {
	status int
	id     string
}

func race(t *testing.T, replicas []*replica, name string) []raced {
	t.Helper()
	results := make([]raced, len(replicas))
	var group sync.WaitGroup
	for i, p := range replicas {
		group.Go(func() {
			answer, err := http.Post(p.url+"/v2/race/data-connectors", "application/json", strings.NewReader(body(name, "x")))
			if err != nil {
				t.Error(err)
				return
			}
			var created struct {
				ID string `json:"connector_id"`
			}
			_ = errors.Join(json.NewDecoder(answer.Body).Decode(&created), answer.Body.Close())
			results[i] = raced{answer.StatusCode, created.ID}
		})
	}
	group.Wait()
	return results
}

// TestReplicasKeepTheContract judges three programs on one database as if they were one server.
func TestReplicasKeepTheContract(t *testing.T) {
	t.Parallel()
	store := postgrestest.Start(t)
	var targets []*url.URL
	for range 3 {
		u, err := url.Parse(startReplica(t, store).url)
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, u)
	}
	var requests atomic.Uint64
	balancer := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(targets[requests.Add(1)%3])
		r.Out.Host = r.In.Host
	}})
	defer balancer.Close()
	phases := "examples,boundary,negative,state"
	if testing.Short() {
		phases = "examples,state"
	}
	cmd, stdout, stderr := counterpartProgram(t, "verify", balancer.URL, "--phase", phases, "--seed", "7")
	if err := cmd.Run(); err != nil || !strings.Contains(stdout.String(), "\n0 findings, ") {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
	t.Logf("three replicas behind a balancer:\n%s", stdout)
}
