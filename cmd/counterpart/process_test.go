package main

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"
)

// listening starts "counterpart serve" and waits until it says where it listens. Url is "" when it does not; stdout is
// what it says after that.
func listening(t testing.TB, cmd *exec.Cmd) (url string, stdout *bufio.Reader) {
	t.Helper()
	cmd.Stdout = nil
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout = bufio.NewReader(pipe)
	line, _ := stdout.ReadString('\n') // the end of the program is no line
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		return "", stdout
	}
	return url, stdout
}
