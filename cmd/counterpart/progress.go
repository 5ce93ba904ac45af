package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/counterpart-go/counterpart/contract"
)

// progress shows on a terminal how far a run has come: one line, written anew.
type progress struct {
	to       io.Writer // nil where nobody looks
	next     time.Time
	cases    int
	findings int
	requests int
}

const progressInterval = 100 * time.Millisecond

func newProgress(to io.Writer) *progress {
	file, ok := to.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) {
		to = nil
	}
	return &progress{to: to}
}

// show is for [contract.Options.Each].
func (p *progress) show(r contract.Result, found []contract.Finding) {
	p.cases, p.findings, p.requests = p.cases+1, p.findings+len(found), p.requests+r.Requests
	if p.to == nil || time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(progressInterval)
	_, _ = fmt.Fprintf(p.to, "\r\x1b[K%d cases, %d requests, %d findings: %.60s", p.cases, p.requests, p.findings, r.Case)
}

func (p *progress) clear() {
	if p.to != nil {
		_, _ = fmt.Fprint(p.to, "\r\x1b[K")
	}
}
