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
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"counterpart": main})
}

// TestScripts runs testdata/*.txtar, a script a subcommand. Besides the usual commands of testscript they have:
//
//	serve [FLAGS]                  start "counterpart serve" on a free port; $URL and $ADDR say where
//	stop                           send it SIGTERM; it must exit with status 0. Its stderr is then in serve.log
//	request METHOD URL [FILE]      send a request, with FILE as JSON body; prints the status and the body
//	valid-report FILE              check a JSON report against docs/report.schema.json
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"serve":        startServer,
			"stop":         stopServer,
			"request":      sendRequest,
			"valid-report": validReport,
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
		ts.Fatalf("usage: serve [FLAGS], and stop before the next one")
	}
	log, err := os.Create(ts.MkAbs("serve.log"))
	ts.Check(err)
	defer func() { _ = log.Close() }() // the program has its own handle

	cmd := exec.Command("counterpart", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), log
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	*s = server{cmd, stdout}
	ts.Defer(func() { _ = s.end(syscall.SIGKILL) })

	line, err := bufio.NewReader(stdout).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		ts.Fatalf("stdout %q (%v), want where it listens; stderr: %s", line, err, ts.ReadFile("serve.log"))
	}
	ts.Setenv("URL", url)
	ts.Setenv("ADDR", strings.TrimPrefix(url, "http://"))
}

func stopServer(ts *testscript.TestScript, neg bool, args []string) {
	s := scriptServer(ts)
	if neg || len(args) > 0 || s.cmd == nil {
		ts.Fatalf("usage: stop, after serve")
	}
	if err := s.end(syscall.SIGTERM); err != nil {
		ts.Fatalf("after SIGTERM: %v, want exit status 0; stderr:\n%s", err, ts.ReadFile("serve.log"))
	}
}

func (s *server) end(signal os.Signal) error {
	if s.cmd == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(signal); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, s.stdout) // Wait closes the pipe
	return cmd.Wait()
}

func sendRequest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: request METHOD URL [FILE]")
	}
	var body io.Reader
	if len(args) == 3 {
		body = strings.NewReader(ts.ReadFile(args[2]))
	}
	request, err := http.NewRequest(args[0], args[1], body)
	ts.Check(err)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	_, err = fmt.Fprintf(ts.Stdout(), "%s\n%s\n", answer.Status, text)
	ts.Check(err)
}

func validReport(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: valid-report FILE")
	}
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft2020
	file, err := os.Open("../../docs/report.schema.json")
	ts.Check(err)
	defer func() { _ = file.Close() }()
	const id = "https://github.com/counterpart-go/counterpart/docs/report.schema.json"
	ts.Check(compiler.AddResource(id, file))
	schema, err := compiler.Compile(id)
	ts.Check(err)

	numbers := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile(args[0]))))
	numbers.UseNumber()
	var report any
	ts.Check(numbers.Decode(&report))
	if err := schema.Validate(report); err != nil {
		ts.Fatalf("%s: %#v", args[0], err)
	}
}
