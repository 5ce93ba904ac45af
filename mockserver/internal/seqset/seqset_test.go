package seqset_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver/internal/seqset"
)

// model is a set that is obviously right.
type model map[uint64]bool

func (m model) page(offset, limit int) []uint64 {
	all := slices.Sorted(maps.Keys(m))
	all = all[min(offset, len(all)):]
	if limit > 0 {
		all = all[:min(limit, len(all))]
	}
	return all
}

func TestASetIsLikeTheModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		most := 1 + r.Uint64N(3*seqset.BucketSize)
		sets, models := [2]seqset.Set{}, [2]model{{}, {}}
		for range 5000 {
			i, n := r.IntN(2), r.Uint64N(most)
			if r.IntN(3) > 0 {
				sets[i], models[i][n] = sets[i].Add(n), true
			} else {
				sets[i] = sets[i].Remove(n)
				delete(models[i], n)
			}
		}
		both := model{}
		for n := range models[0] {
			if models[1][n] {
				both[n] = true
			}
		}
		for _, tc := range []struct {
			sets []seqset.Set
			want model
		}{{nil, model{}}, {sets[:1], models[0]}, {sets[:], both}, {[]seqset.Set{rejoined(t, sets[1])}, models[1]}} {
			for range 20 {
				offset, limit := r.IntN(len(tc.want)+2), r.IntN(200)
				got, total := seqset.Select(tc.sets, offset, limit)
				if want := tc.want.page(offset, limit); !slices.Equal(got, want) || total != len(tc.want) {
					t.Errorf("seed %d: page %d+%d is %v of %d, want %v of %d", seed, offset, limit, got, total, want, len(tc.want))
				}
			}
		}
	}
}

// rejoined takes a set apart into the bytes of its buckets and puts it together again.
func rejoined(t *testing.T, s seqset.Set) seqset.Set {
	t.Helper()
	var whole seqset.Set
	parts := map[uint64]seqset.Set{}
	all, _ := seqset.Select([]seqset.Set{s}, 0, 0)
	for _, n := range all {
		parts[seqset.Bucket(n)] = parts[seqset.Bucket(n)].Add(n)
	}
	for _, bucket := range slices.Sorted(maps.Keys(parts)) {
		var err error
		if whole, err = whole.Join(bucket, parts[bucket].Encode()); err != nil {
			t.Fatal(err)
		}
	}
	return whole
}

func TestDamagedBytesAreRefused(t *testing.T) {
	t.Parallel()
	one := seqset.Set(nil).Add(3).Encode()
	for name, bytes := range map[string][]byte{
		"too short": one[:5], "twice": slices.Concat(one, one), "empty word": make([]byte, 9), "beyond its bucket": append([]byte{64}, one[1:]...),
	} {
		if s, err := seqset.Set(nil).Join(0, bytes); err == nil {
			t.Errorf("%s: taken as %v", name, s)
		}
	}
}
