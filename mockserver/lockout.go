package mockserver

import (
	"sync"
	"time"
)

// An access key is locked for some minutes after more than so many failures one after the other (API signing guide).
const (
	mostFailures = 5
	lockTime     = 5 * time.Minute
	mostFailing  = 10_000 // keys that are remembered: temporary ones have no other bound
)

// lockout counts the failures of access keys. The zero value is ready; safe for concurrent use.
type lockout struct {
	mu   sync.Mutex
	keys map[string]failures // guarded by mu
}

type failures struct {
	count int
	last  time.Time
}

// locked says whether the key is locked. It is unlocked, and has not failed, once its time is over.
func (l *lockout) locked(access string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.keys[access]
	if f.count <= mostFailures {
		return false
	}
	if now.Before(f.last.Add(lockTime)) {
		return true
	}
	delete(l.keys, access)
	return false
}

func (l *lockout) failed(access string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, known := l.keys[access]
	if !known && len(l.keys) >= mostFailing {
		l.forgetOldest()
	}
	if l.keys == nil {
		l.keys = map[string]failures{}
	}
	l.keys[access] = failures{f.count + 1, now}
}

func (l *lockout) passed(access string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, access)
}

func (l *lockout) forgetOldest() {
	oldest, found := "", false
	for access, f := range l.keys {
		if !found || f.last.Before(l.keys[oldest].last) {
			oldest, found = access, true
		}
	}
	delete(l.keys, oldest)
}
