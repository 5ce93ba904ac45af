//go:build unix

package openapi_test

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// What is neither a file nor ends is not waited for.
func TestPipesAndDevices(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes here")
	}
	for _, file := range []string{pipe, "/dev/zero"} {
		within(t, func() {
			_, err := openapi.Load(file)
			wantRefusal(t, err, filepath.Base(file)+": cannot be read: it is a pipe or a device")
			var refused *openapi.DocumentError
			if _, err = openapi.Default(file); !errors.As(err, &refused) || !strings.Contains(err.Error(), "it is a pipe or a device") {
				t.Errorf("as an overlay: %v", err)
			}
		})
	}
}
