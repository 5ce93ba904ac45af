package openapi

import (
	"cmp"
	"io/fs"
	"time"
)

// Limits bound what judging one message may cost; JSON that strings hold has the same. A field that is 0 has its value
// in [DefaultLimits].
type Limits struct {
	Depth       int           // nesting of arrays and objects
	Values      int           // values, large and small, of one text: a small one takes fifty times as much memory as text
	Number      int           // characters of a number
	PatternTime time.Duration // for one text and one pattern that Go's regexp, which never takes long, cannot compile
}

// DefaultLimits are those of [Default], [Load] and [DecodeJSON].
func DefaultLimits() Limits {
	return Limits{Depth: 512, Values: 100_000, Number: 1000, PatternTime: 100 * time.Millisecond}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{cmp.Or(l.Depth, d.Depth), cmp.Or(l.Values, d.Values), cmp.Or(l.Number, d.Number), cmp.Or(l.PatternTime, d.PatternTime)}
}

// Default is the function [Default] for a contract with these limits.
func (l Limits) Default(overlays ...string) (*Spec, error) {
	s, err := l.load(builtin, "api.yaml", overlays)
	if err == nil {
		s.builtin = true
	}
	return s, err
}

// Control loads the document of the mock's own API, which is below /_counterpart.
func (l Limits) Control() (*Spec, error) { return l.load(builtin, "control.yaml", nil) }

// LoadFS is the function [Load] for a document in a file system, which need not be the machine's; name is its path there.
func (l Limits) LoadFS(files fs.FS, name string, overlays ...string) (*Spec, error) {
	return l.load(files, name, overlays)
}

// DecodeJSON is the function [DecodeJSON] with the limits of the contract.
func (s *Spec) DecodeJSON(data []byte) (any, error) { return s.limits.decode(data, "") }
