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
	mu     sync.Mutex // guards source
	source io.Reader
}

// newIDs draws from the seed, each purpose its own sequence, or from crypto/rand when the seed is 0.
func newIDs(seed uint64, purpose string) *ids {
	if seed == 0 {
		return &ids{source: cryptorand.Reader}
	}
	return &ids{source: rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%s %d", purpose, seed)))}
}

func (i *ids) next() string {
	var raw [16]byte
	i.mu.Lock()
	_, err := io.ReadFull(i.source, raw[:])
	i.mu.Unlock()
	if err != nil {
		panic(err) // crypto/rand.Reader and ChaCha8 never fail
	}
	return hex.EncodeToString(raw[:])
}
