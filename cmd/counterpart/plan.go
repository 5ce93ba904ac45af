package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/counterpart-go/counterpart/contract"
)

// writePlan prints every case that a run would try, with its requests.
func writePlan(w io.Writer, o contract.Options) error {
	cases, err := contract.Plan(o)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	var n, requests int
	for c := range cases {
		n++
		_, _ = fmt.Fprintln(out, c)
		for _, step := range slices.Concat(c.Before, c.Steps) {
			requests++
			_, _ = fmt.Fprintf(out, "  %-6s %s%s\n", step.Method(), step.Operation.Base+step.Operation.Path, expectation(step))
		}
	}
	_, _ = fmt.Fprintf(out, "cases: %d; requests: %d, and those that read pages and clean up; nothing was sent\n", n, requests)
	return out.Flush()
}

func expectation(s contract.Step) string {
	switch {
	case s.Refused == "":
		return ""
	case s.Rivals:
		return "  (one is carried out, the others are refused: " + s.Refused + ")"
	case s.Open:
		return "  (may be refused: " + s.Refused + ")"
	}
	return "  (must be refused: " + s.Refused + ")"
}
