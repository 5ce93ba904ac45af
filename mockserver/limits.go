package mockserver

import (
	"cmp"
	"runtime"
	"time"
)

// Limits bound what clients can make the mock hold or wait for; docs/limits.md says how each is answered. A field that
// is 0 has its value in [DefaultLimits].
type Limits struct {
	Body        int64 // bytes of a request's body
	LargeBodies int   // bodies over 64 KB that are read and carried out at once; more wait for HandlerTime
	AtOnce      int   // requests that are judged and carried out at once; 0 is two a processor, and at least 8
	Header      int64 // bytes of a request's line and header together
	URL         int64 // bytes of a request's path and query
	QueryKeys   int   // keys in a query
	Page        int   // items in a page, whatever a client asks for
	Connections int   // open at once

	HeaderTime  time.Duration // from a request's first byte to the end of its header
	BodyTime    time.Duration // from a request's first byte to its last
	HandlerTime time.Duration // to carry a request out, once it has been read
	WriteTime   time.Duration // from the end of a request's header to the last byte of its answer
	IdleTime    time.Duration // between two requests of a connection

	JournalEntries int   // exchanges that the journal remembers
	JournalBytes   int64 // that these take together
	JournalBody    int64 // bytes that it remembers of each body
}

// DefaultLimits are those of a mock that is told nothing else. The body's is the gateway's 12 MB (gateway table, 0201).
func DefaultLimits() Limits {
	return Limits{
		Body: 12 << 20, LargeBodies: 2, Header: 64 << 10, URL: 16 << 10, QueryKeys: 1000, Page: 1000, Connections: 16_384,
		HeaderTime: 10 * time.Second, BodyTime: time.Minute, HandlerTime: 10 * time.Second, WriteTime: 2 * time.Minute, IdleTime: 2 * time.Minute,
		JournalEntries: 1000, JournalBytes: 16 << 20, JournalBody: 64 << 10,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{
		AtOnce: cmp.Or(l.AtOnce, max(8, 2*runtime.GOMAXPROCS(0))),
		Body:   cmp.Or(l.Body, d.Body), LargeBodies: cmp.Or(l.LargeBodies, d.LargeBodies), Header: cmp.Or(l.Header, d.Header),
		URL: cmp.Or(l.URL, d.URL), QueryKeys: cmp.Or(l.QueryKeys, d.QueryKeys), Page: cmp.Or(l.Page, d.Page), Connections: cmp.Or(l.Connections, d.Connections),
		HeaderTime: cmp.Or(l.HeaderTime, d.HeaderTime), BodyTime: cmp.Or(l.BodyTime, d.BodyTime), HandlerTime: cmp.Or(l.HandlerTime, d.HandlerTime),
		WriteTime: cmp.Or(l.WriteTime, d.WriteTime), IdleTime: cmp.Or(l.IdleTime, d.IdleTime),
		JournalEntries: cmp.Or(l.JournalEntries, d.JournalEntries), JournalBytes: cmp.Or(l.JournalBytes, d.JournalBytes), JournalBody: cmp.Or(l.JournalBody, d.JournalBody),
	}
}
