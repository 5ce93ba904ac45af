package e2e

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const newType = "RDS_SQLSERVER"

const newSchema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "required": ["host", "password", "port"],
  "properties": {
    "host": {"type": "string", "format": "hostname"},
    "password": {"type": "string", "minLength": 1, "writeOnly": true},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535}
  }
}
`

// newBranch is the if/then that ties the new schema to its type.
const newBranch = `
        - if:
            properties: {source_type: {const: RDS_SQLSERVER}}
            required: [source_type]
          then:
            properties:
              source_info:
                contentMediaType: application/json
                contentSchema: {$ref: source_info/RDS_SQLSERVER.schema.json}`

// TestAddASourceType does to a copy what CONTRIBUTING.md says: a schema file, an enum value, one if/then, make generate.
// Mock, suite and client follow, and no Go is written.
func TestAddASourceType(t *testing.T) {
	if testing.Short() {
		t.Skip("generates code and builds the program anew")
	}
	dir := t.TempDir()
	for _, part := range []string{"Makefile", "go.mod", "go.sum", ".ci/tools", "cmd", "contract", "generated", "mockserver", "openapi", "docs"} {
		copyTree(t, filepath.Join(root, part), filepath.Join(dir, part))
	}
	write(t, filepath.Join(dir, "openapi/source_info", newType+".schema.json"), newSchema)
	edit(t, filepath.Join(dir, "openapi/api.yaml"), "enum: [RDS_POSTGRES, RDS_MYSQL, gaussdb-mysql]", "enum: [RDS_POSTGRES, RDS_MYSQL, gaussdb-mysql, "+newType+"]")
	last := "contentSchema: {$ref: source_info/gaussdb-mysql.schema.json}"
	edit(t, filepath.Join(dir, "openapi/api.yaml"), last, last+newBranch)
	command(t, dir, "make", "generate")

	if code := read(t, filepath.Join(dir, "generated/generated.gen.go")); !strings.Contains(code, `SourceTypeRDSSQLSERVER`) {
		t.Error("the client does not know the new type")
	}
	grown := filepath.Join(dir, "counterpart")
	command(t, dir, "go", "build", "-o", grown, "./cmd/counterpart")
	old := binary
	binary = grown
	t.Cleanup(func() { binary = old })
	s := serve(t)
	if status, body := post(t, s.url, `{\"host\":\"db.example.com\",\"port\":1433,\"password\":\"`+password+`\"}`); status != http.StatusCreated {
		t.Errorf("the mock refuses the new type: %d %s", status, body)
	}
	if status, body := post(t, s.url, `{\"host\":\"db.example.com\",\"port\":0,\"password\":\"`+password+`\"}`); status != http.StatusBadRequest || !strings.Contains(body, "source_info#/port") {
		t.Errorf("the mock does not look inside the new type: %d %s", status, body)
	}
	if out := command(t, dir, grown, "verify", s.url); !strings.Contains(out, "keeps the contract") {
		t.Error(out)
	}
	// Under a contract that allows more, the server is caught refusing the new type: the suite tries it.
	edit(t, filepath.Join(dir, "openapi/source_info", newType+".schema.json"), `"minimum": 1,`, `"minimum": 0,`)
	command(t, dir, "go", "build", "-o", grown+"2", "./cmd/counterpart")
	out, err := exec.CommandContext(t.Context(), grown+"2", "verify", s.url).CombinedOutput()
	if err == nil || !strings.Contains(string(out), newType) {
		t.Errorf("the suite does not try the new type: %v\n%s", err, out)
	}
}

func post(t *testing.T, url, sourceInfo string) (int, string) {
	t.Helper()
	body := `{"data_connector":{"connector_name":"grown","source_type":"` + newType + `","source_info":"` + sourceInfo + `"}}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v2/grown/data-connectors", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if !info.IsDir() {
		write(t, to, read(t, from))
		return
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func edit(t *testing.T, file, old, new string) {
	t.Helper()
	text := read(t, file)
	if strings.Count(text, old) != 1 {
		t.Fatalf("%s: %q occurs %d times, want 1", file, old, strings.Count(text, old))
	}
	write(t, file, strings.Replace(text, old, new, 1))
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// command runs with the environment from before HOME was changed: Go's caches are below it.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, environment
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
