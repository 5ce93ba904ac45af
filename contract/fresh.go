package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/counterpart-go/counterpart/openapi"
)

// fresh is a number of this run, in all forms in which a document may want a value that nobody else uses.
type fresh struct {
	name   string // only this run uses it
	number uint64
	uuid   string
}

func (m *maker) fresh() fresh {
	m.made++
	return m.numbered(uint64(m.made))
}

func (m *maker) numbered(n uint64) fresh {
	return fresh{
		name:   fmt.Sprintf("%s%x-%d", NamePrefix, m.seed, n),
		number: m.seed%20000*100000 + n%100000 + 1, // fits into 32 bits
		uuid:   fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(m.seed), n),
	}
}

// name is a text that only this run uses.
func (m *maker) name() string { return m.fresh().name }

// fitting is the first form that fits, those of the kind first; false when none does.
func (f fresh) fitting(kind openapi.IDKind, fits func(any) bool) (any, bool) {
	number := strconv.FormatUint(f.number, 10)
	forms := []any{
		f.name, f.uuid, json.Number(number), f.name + "@example.com", "https://example.com/" + f.name,
		strconv.FormatUint(f.number, 36), "+49" + number, letters(f.number), fmt.Sprintf("%012d", f.number), fmt.Sprintf("%024x", f.number),
	}
	first := map[openapi.IDKind]any{openapi.UUID: f.uuid, openapi.IntegerID: json.Number(number)}[kind]
	if first != nil {
		forms = append([]any{first}, forms...)
	}
	if at := slices.IndexFunc(forms, fits); at >= 0 {
		return forms[at], true
	}
	return nil, false
}

// letters writes a number with the letters a to j, where digits are not allowed.
func letters(n uint64) string {
	text := []byte(strconv.FormatUint(n, 10))
	for i := range text {
		text[i] += 'a' - '0'
	}
	return string(text)
}
