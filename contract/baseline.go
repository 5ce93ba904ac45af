package contract

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Baseline are findings that are known and do not fail a run. Nil knows none. Read only: safe for concurrent use.
type Baseline struct {
	Findings []BaselineFinding `json:"findings"`
}

// BaselineFinding is a known finding: the same rule broken in the same place, whatever the values.
type BaselineFinding struct {
	Fingerprint string `json:"fingerprint"`
	Check       string `json:"check"`
	Operation   string `json:"operation"`
	Pointer     string `json:"pointer"`
	Message     string `json:"message"`
}

// BaselineError says that a file is no baseline.
type BaselineError struct{ Err error }

func (e *BaselineError) Error() string {
	return fmt.Sprintf("this is no baseline, which --update-baseline writes: %v", e.Err)
}

func (e *BaselineError) Unwrap() error { return e.Err }

// ReadBaseline reads what [Baseline.Write] wrote. The error is a [*BaselineError].
func ReadBaseline(from io.Reader) (*Baseline, error) {
	dec := json.NewDecoder(from)
	dec.DisallowUnknownFields()
	b := &Baseline{}
	if err := dec.Decode(b); err != nil {
		return nil, &BaselineError{err}
	}
	return b, nil
}

// NewBaseline is a baseline of everything that a report found.
func NewBaseline(r *Report) *Baseline {
	b := &Baseline{Findings: []BaselineFinding{}}
	for _, f := range r.Findings {
		if !b.knows(f) {
			b.Findings = append(b.Findings, BaselineFinding{f.fingerprint(), f.Check, f.Operation, f.Pointer, f.Message})
		}
	}
	slices.SortFunc(b.Findings, func(a, b BaselineFinding) int {
		return strings.Compare(a.Operation+a.Check+a.Pointer+a.Fingerprint, b.Operation+b.Check+b.Pointer+b.Fingerprint)
	})
	return b
}

// Write writes the baseline as JSON, sorted: two runs that find the same write the same.
func (b *Baseline) Write(to io.Writer) error {
	enc := json.NewEncoder(to)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(b)
}

func (b *Baseline) knows(f Finding) bool {
	return b != nil && slices.ContainsFunc(b.Findings, func(k BaselineFinding) bool { return k.Fingerprint == f.fingerprint() })
}

// known marks the findings that the baseline knows.
func (b *Baseline) known(found []Finding) []Finding {
	for i := range found {
		found[i].Known = b.knows(found[i])
	}
	return found
}

// gone says in words what the baseline knows and the report does not have.
func (b *Baseline) gone(r *Report) []string {
	if b == nil {
		return nil
	}
	var gone []string
	for _, k := range b.Findings {
		if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.fingerprint() == k.Fingerprint }) {
			gone = append(gone, fmt.Sprintf("%s: %s (%s)", k.Operation, k.Message, k.Check))
		}
	}
	return gone
}
