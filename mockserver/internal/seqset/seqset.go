// Package seqset has sets of sequence numbers: what a store's index keeps for each value of a key. A set of a million
// neighbours takes a quarter of a megabyte, a set of one number 16 bytes; counting, combining and paging a million
// takes some ten microseconds.
package seqset

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// Set is a set of numbers. Nil is the empty one. A set is changed by its owner only; reading it concurrently is safe.
type Set []word

// word has the numbers at*64 to at*64+63 of a set: one bit each, never none. The words of a set are sorted by at.
type word struct{ at, bits uint64 }

const wordSize = 64

func (s Set) find(at uint64) (int, bool) {
	return slices.BinarySearchFunc(s, at, func(w word, at uint64) int { return cmp.Compare(w.at, at) })
}

// Add returns the set with n. It may change s.
func (s Set) Add(n uint64) Set {
	i, found := s.find(n / wordSize)
	if !found {
		s = slices.Insert(s, i, word{at: n / wordSize})
	}
	s[i].bits |= 1 << (n % wordSize)
	return s
}

// Remove returns the set without n. It may change s.
func (s Set) Remove(n uint64) Set {
	i, found := s.find(n / wordSize)
	if !found {
		return s
	}
	if s[i].bits &^= 1 << (n % wordSize); s[i].bits == 0 {
		s = slices.Delete(s, i, i+1)
	}
	return s
}

// Select finds the numbers that are in all sets. It returns them in order, without the first offset ones and at most
// limit, 0 being no limit; and how many there are, whatever the page.
func Select(sets []Set, offset, limit int) (page []uint64, total int) {
	if len(sets) == 0 {
		return nil, 0
	}
	sets = slices.SortedFunc(slices.Values(sets), func(a, b Set) int { return cmp.Compare(len(a), len(b)) })
	for _, w := range sets[0] {
		common := w.bits
		for i := range sets[1:] {
			sets[i+1] = sets[i+1].from(w.at)
			common &= sets[i+1].first(w.at)
		}
		n := bits.OnesCount64(common)
		if total += n; total > offset && (limit == 0 || len(page) < limit) {
			page = w.take(page, common, max(0, offset-(total-n)), limit)
		}
	}
	return page, total
}

// from is the set without the words before at.
func (s Set) from(at uint64) Set {
	for len(s) > 0 && s[0].at < at {
		s = s[1:]
	}
	return s
}

// first gives the bits of the word at, which none of the set comes before.
func (s Set) first(at uint64) uint64 {
	if len(s) > 0 && s[0].at == at {
		return s[0].bits
	}
	return 0
}

// take adds those of the word's numbers that are chosen, without the first few, until the page is full.
func (w word) take(page []uint64, chosen uint64, skip, limit int) []uint64 {
	for ; chosen != 0 && (limit == 0 || len(page) < limit); chosen &= chosen - 1 {
		if skip--; skip < 0 {
			page = append(page, w.at*wordSize+uint64(bits.TrailingZeros64(chosen)))
		}
	}
	return page
}

// BucketSize is how many numbers share a bucket: the part of a set that a database keeps in one row.
const BucketSize = 4096

// encodedWord is the word's place in its bucket, then its bits.
const encodedWord = 1 + 8

// Bucket is the number of the bucket that n is in.
func Bucket(n uint64) uint64 { return n / BucketSize }

// Encode gives the bytes of a set that is all in one bucket.
func (s Set) Encode() []byte {
	b := make([]byte, 0, len(s)*encodedWord)
	for _, w := range s {
		b = binary.LittleEndian.AppendUint64(append(b, byte(w.at%(BucketSize/wordSize))), w.bits)
	}
	return b
}

// Join adds a bucket from its bytes behind a set whose buckets are all smaller. It fails for bytes that Encode does not
// give.
func (s Set) Join(bucket uint64, encoded []byte) (Set, error) {
	if len(encoded)%encodedWord != 0 {
		return nil, fmt.Errorf("an index of %d bytes is damaged", len(encoded))
	}
	s = slices.Grow(s, len(encoded)/encodedWord)
	for ; len(encoded) > 0; encoded = encoded[encodedWord:] {
		w := word{at: bucket*(BucketSize/wordSize) + uint64(encoded[0]), bits: binary.LittleEndian.Uint64(encoded[1:])}
		if len(s) > 0 && s[len(s)-1].at >= w.at || w.bits == 0 || encoded[0] >= BucketSize/wordSize {
			return nil, fmt.Errorf("an index of bucket %d is damaged", bucket)
		}
		s = append(s, w)
	}
	return s, nil
}
