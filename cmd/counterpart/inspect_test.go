package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnyDocumentPage runs what docs/any-document.md shows: its document gives the output beside it, and its overlay
// changes that.
func TestAnyDocumentPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/any-document.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := fenced(string(page))
	document, overlay := fileWith(t, "shop.yaml", blocks["openapi: 3.1.0"]), fileWith(t, "shop-facts.yaml", blocks["# shop-facts.yaml"])
	if got, want := inspected(t, "--spec", document), blocks["shop.yaml: Pet shop 1.0, OpenAPI 3.1.0"]; !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	corrected := inspected(t, "--spec", document, "--overlay", overlay)
	if strings.Contains(corrected, "filters.tag") || !strings.Contains(corrected, "x-counterpart says so") {
		t.Errorf("got\n%s", corrected)
	}
}

// fenced are the page's blocks of code by their first lines.
func fenced(page string) map[string]string {
	blocks := map[string]string{}
	for i, part := range strings.Split(page, "```") {
		if _, block, ok := strings.Cut(part, "\n"); ok && i%2 == 1 {
			first, _, _ := strings.Cut(block, "\n")
			blocks[first] = block
		}
	}
	return blocks
}

func fileWith(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if text == "" {
		t.Fatalf("the page has no %s", name)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func inspected(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), append([]string{"counterpart", "inspect"}, args...), &stdout, &stderr); code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr.String())
	}
	return stdout.String()
}
