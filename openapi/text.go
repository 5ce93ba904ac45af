package openapi

import "sync/atomic"

// Text is JSON text that may stand in a value in the place of what it says, and remembers which schema has accepted it:
// an answer that is made of stored items need not have each of them judged again and again. Make one with [NewText];
// safe for concurrent use.
type Text struct {
	json []byte
	by   atomic.Pointer[acceptor]
}

// NewText takes JSON text, which must not change any more.
func NewText(json []byte) *Text { return &Text{json: json} }

// Bytes is the text; it must not be changed. A nil Text has none.
func (t *Text) Bytes() []byte {
	if t == nil {
		return nil
	}
	return t.json
}

func (t *Text) String() string { return string(t.Bytes()) }

// judgeText looks into a text that this acceptor does not know.
func (a *acceptor) judgeText(t *Text) verdict {
	if t.by.Load() == a {
		return accepted
	}
	value, err := DefaultLimits().decode(t.json, "")
	if err != nil {
		return undecided
	}
	v := a.judge(value)
	if v == accepted {
		t.by.Store(a)
	}
	return v
}
