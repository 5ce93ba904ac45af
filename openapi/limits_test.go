package openapi_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// The limits hold in a body and in the JSON that a string of it holds.
func TestLimits(t *testing.T) {
	t.Parallel()
	tight, err := openapi.Limits{Depth: 4, Number: 5}.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		extra string // in source_info
		sound bool
	}{
		{`[[[1]]]`, true}, {`[[[[1]]]]`, false}, {`12345`, true}, {`123456`, false},
	} {
		body := withInfo(object(append([]string{"extra", tc.extra}, soundInfo...)...))
		for name, spec := range map[string]*openapi.Spec{"tight": tight, "default": shared(t)} {
			vs := spec.Operation("createDataConnector").ValidateRequest(createRequest(body))
			if want := tc.sound || name == "default"; (len(vs) == 0) != want {
				t.Errorf("%s in source_info, %s limits: %v", tc.extra, name, vs)
			}
		}
	}
	for _, text := range []string{`[[[[[1]]]]]`, `123456`} {
		if _, err := tight.DecodeJSON([]byte(text)); err == nil {
			t.Errorf("%s is not refused", text)
		}
	}
}

func TestPatternTime(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(file, []byte(bodyDocument("3.1.0", `S: {type: string, pattern: '^(?=a)(a+)+$'}`)), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Limits{PatternTime: time.Second}.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	vs := spec.Operations()[0].ValidateRequest(jsonRequest(`"` + strings.Repeat("a", 40) + `!"`))
	if len(vs) != 1 || time.Since(began) < time.Second { // the default would be long over
		t.Errorf("%v after %v", vs, time.Since(began))
	}
}
