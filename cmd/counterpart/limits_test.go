package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"
)

func TestEveryLimitIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Count(string(text), "\n| `--")
	flags := limitFlags()
	if rows != len(flags) {
		t.Errorf("docs/limits.md has %d rows, there are %d limits", rows, len(flags))
	}
	for _, f := range flags {
		flag := f.(*cli.StringFlag)
		if row := fmt.Sprintf("\n| `--%s` | %s | ", flag.Name, flag.Value); !strings.Contains(string(text), row) {
			t.Errorf("docs/limits.md lacks the row %q", row)
		}
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text string
		want int64 // 0: refused
	}{
		{"1", 1}, {"65536", 65536}, {"64K", 65536}, {"12m", 12 << 20}, {"1G", 1 << 30}, {"1024G", 1 << 40},
		{"0", 0}, {"-1", 0}, {"", 0}, {"K", 0}, {"1.5M", 0}, {"1KB", 0}, {"1025G", 0}, {"9223372036854775807K", 0},
	} {
		n, err := byteCount(tc.text)
		if n != tc.want || (err == nil) != (tc.want > 0) {
			t.Errorf("%q is %d (%v), want %d", tc.text, n, err, tc.want)
		}
		if err == nil && mustBytes(t, bytesText(n)) != n {
			t.Errorf("%d is written as %s", n, bytesText(n))
		}
	}
}

func mustBytes(t *testing.T, text string) int64 {
	t.Helper()
	n, err := byteCount(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
