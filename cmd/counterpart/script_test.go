package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"counterpart": main})
}

// TestScripts runs testdata/*.txtar, a script a subcommand. Besides the usual commands of testscript they have:
//
//	serve [FLAGS]                  start "counterpart serve" on a free port; $URL and $ADDR say where, and with
//	                               --control-listen $CONTROL says where its control API is
//	terminate                      send it SIGTERM; it must exit with status 0. Its stderr is then in serve.log, and
//	                               what it said on stdout after where it listens in serve.out
//	request METHOD URL [FILE] ['NAME: VALUE'...]
//	                               send a request, with FILE as JSON body and headers, on a connection of its own;
//	                               prints the status and the body, and on stderr the header. With ! in front the answer
//	                               must not arrive whole; then the error is on stderr
//	await METHOD URL STATUS        ask until the answer has this status
//	await-text METHOD URL TEXT     ask until the answer's body holds this text
//	await-log TEXT                 read the log until it holds this text
//	valid-report FILE              check a JSON report against docs/report.schema.json
//	valid-inspection FILE          check the JSON of "counterpart inspect" against docs/inspect.schema.json
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"serve":            startServer,
			"terminate":        stopServer,
			"request":          sendRequest,
			"await":            awaitStatus,
			"await-text":       awaitText,
			"await-log":        awaitLog,
			"valid-report":     validFile("report"),
			"valid-inspection": validFile("inspect"),
		},
		Setup: func(e *testscript.Env) error {
			e.Values[serverKey{}] = new(server)
			return nil
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// server is the script's running "counterpart serve"; the zero value is none.
type server struct {
	cmd    *exec.Cmd
	stdout io.Reader
}

type serverKey struct{}

func scriptServer(ts *testscript.TestScript) *server {
	return ts.Value(serverKey{}).(*server)
}

func startServer(ts *testscript.TestScript, neg bool, args []string) {
	s := scriptServer(ts)
	if neg || s.cmd != nil {
		ts.Fatalf("usage: serve [FLAGS], and terminate before the next one")
	}
	log, err := os.Create(ts.MkAbs("serve.log"))
	ts.Check(err)
	defer func() { _ = log.Close() }() // the program has its own handle

	cmd := exec.Command("counterpart", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), log
	if store := ts.Getenv("COUNTERPART_STORE"); store != "" {
		cmd.Env = append(os.Environ(), "COUNTERPART_STORE="+store)
	}
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	*s = server{cmd, stdout}
	ts.Defer(func() { _, _ = s.end(syscall.SIGKILL) })

	reader := bufio.NewReader(stdout)
	s.stdout = reader
	line, err := reader.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		ts.Fatalf("stdout %q (%v), want where it listens; stderr: %s", line, err, ts.ReadFile("serve.log"))
	}
	ts.Setenv("URL", url)
	ts.Setenv("ADDR", strings.TrimPrefix(url, "http://"))
	if slices.Contains(args, "--control-listen") {
		line, err := reader.ReadString('\n')
		ts.Check(err)
		ts.Setenv("CONTROL", strings.TrimPrefix(strings.TrimSpace(line), "control on "))
	}
}

func stopServer(ts *testscript.TestScript, neg bool, args []string) {
	s := scriptServer(ts)
	if neg || len(args) > 0 || s.cmd == nil {
		ts.Fatalf("usage: terminate, after serve")
	}
	said, err := s.end(syscall.SIGTERM)
	ts.Check(os.WriteFile(ts.MkAbs("serve.out"), said, 0o600))
	if err != nil {
		ts.Fatalf("after SIGTERM: %v, want exit status 0; stderr:\n%s", err, ts.ReadFile("serve.log"))
	}
}

// end gives what the program said that nobody has read.
func (s *server) end(signal os.Signal) ([]byte, error) {
	if s.cmd == nil {
		return nil, nil
	}
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(signal); err != nil {
		return nil, err
	}
	said, _ := io.ReadAll(s.stdout) // Wait closes the pipe
	return said, cmd.Wait()
}

func sendRequest(ts *testscript.TestScript, neg bool, args []string) {
	isHeader := func(arg string) bool { return strings.Contains(arg, ": ") }
	first := slices.IndexFunc(args, isHeader)
	if first < 0 {
		first = len(args)
	}
	if first < 2 || first > 3 {
		ts.Fatalf("usage: [!] request METHOD URL [FILE] ['NAME: VALUE'...]")
	}
	var body io.Reader
	if first == 3 {
		body = strings.NewReader(ts.ReadFile(args[2]))
	}
	request, err := http.NewRequest(args[0], args[1], body)
	ts.Check(err)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, header := range args[first:] {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	request.Close = true
	if err := printAnswer(ts, request); (err != nil) != neg {
		ts.Fatalf("the request ended with the error %v", err)
	}
}

// printAnswer prints what arrives of an answer.
func printAnswer(ts *testscript.TestScript, request *http.Request) error {
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		_, _ = fmt.Fprintln(ts.Stderr(), err)
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	_, _ = fmt.Fprintf(ts.Stdout(), "%s\n%s\n", answer.Status, text)
	_ = answer.Header.Write(ts.Stderr())
	if err != nil {
		_, _ = fmt.Fprintln(ts.Stderr(), err)
	}
	return err
}

func awaitStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: await METHOD URL STATUS")
	}
	await(ts, args, func() (string, bool) {
		status, _ := fetch(ts, args[0], args[1])
		return status, strings.HasPrefix(status, args[2])
	})
}

func awaitText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: await-text METHOD URL TEXT")
	}
	await(ts, args, func() (string, bool) {
		_, body := fetch(ts, args[0], args[1])
		return body, strings.Contains(body, args[2])
	})
}

func awaitLog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await-log TEXT")
	}
	await(ts, args, func() (string, bool) {
		log := ts.ReadFile("serve.log")
		return log, strings.Contains(log, args[0])
	})
}

// await looks again and again, for a minute at most.
func await(ts *testscript.TestScript, args []string, look func() (found string, done bool)) {
	end, again := time.After(time.Minute), time.NewTicker(10*time.Millisecond)
	defer again.Stop()
	for {
		found, done := look()
		if done {
			return
		}
		select {
		case <-again.C:
		case <-end:
			ts.Fatalf("waiting for %s, what is there is still %s", strings.Join(args, " "), found)
		}
	}
}

func fetch(ts *testscript.TestScript, method, url string) (status, body string) {
	request, err := http.NewRequest(method, url, http.NoBody)
	ts.Check(err)
	answer, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	return answer.Status, string(text)
}

// validFile is a command that checks a file against docs/NAME.schema.json.
func validFile(name string) func(ts *testscript.TestScript, neg bool, args []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: valid-... FILE")
		}
		checkFile(ts, name, args[0])
	}
}

func checkFile(ts *testscript.TestScript, name, checked string) {
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft2020
	file, err := os.Open("../../docs/" + name + ".schema.json")
	ts.Check(err)
	defer func() { _ = file.Close() }()
	id := "https://github.com/counterpart-go/counterpart/docs/" + name + ".schema.json"
	ts.Check(compiler.AddResource(id, file))
	schema, err := compiler.Compile(id)
	ts.Check(err)

	numbers := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile(checked))))
	numbers.UseNumber()
	var report any
	ts.Check(numbers.Decode(&report))
	if err := schema.Validate(report); err != nil {
		ts.Fatalf("%s: %#v", checked, err)
	}
}
