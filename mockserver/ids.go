package mockserver

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
)

// ids makes ids of 32 lower-case hexadecimal digits.
type ids struct {
	mu     sync.Mutex // guards all below
	source io.Reader
	raw    [16]byte // of the id that is being made
}

// newIDs draws from the seed, each purpose its own sequence, or from crypto/rand when the seed is 0.
func newIDs(seed uint64, purpose string) *ids {
	if seed == 0 {
		return &ids{source: cryptorand.Reader}
	}
	return &ids{source: rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%s %d", purpose, seed)))}
}

func (i *ids) next() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, err := io.ReadFull(i.source, i.raw[:]); err != nil {
		panic(err) // crypto/rand.Reader and ChaCha8 never fail
	}
	return hex.EncodeToString(i.raw[:])
}

// newNumbers draws whole numbers from 0 to the most, both among them, as newIDs draws ids.
func newNumbers(seed uint64, purpose string) func(most int64) int64 {
	if seed == 0 {
		return func(most int64) int64 { return rand.Int64N(most + 1) }
	}
	var mu sync.Mutex
	r := rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%s %d", purpose, seed))))
	return func(most int64) int64 {
		mu.Lock()
		defer mu.Unlock()
		return r.Int64N(most + 1)
	}
}
