package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// limit is a row of docs/limits.md: a flag, and where its value goes.
type limit struct {
	flag, usage string
	value       any // into limits: *int for a count, *int64 for bytes, *time.Duration
}

// limits are those on messages and on what they say.
type limits struct {
	mockserver.Limits

	contract openapi.Limits
}

// limitRows are all limits, as flags that set those of l.
func limitRows(l *limits) []limit {
	return []limit{
		{"max-body", "refuse a body of more than `BYTES`", &l.Body},
		{"max-large-bodies", "let `N` bodies over 64K in at once; more wait", &l.LargeBodies},
		{"max-at-once", "judge and carry out `N` requests at once; more wait. auto is two a processor, and at least 8", &l.AtOnce},
		{"max-header", "refuse a request line and header of more than `BYTES` together", &l.Header},
		{"max-url", "refuse a path and query of more than `BYTES` together", &l.URL},
		{"max-query-keys", "refuse a query of more than `N` keys", &l.QueryKeys},
		{"max-depth", "refuse JSON that is nested deeper than `N`, also inside a string", &l.contract.Depth},
		{"max-values", "refuse JSON of more than `N` values, also inside a string", &l.contract.Values},
		{"max-number", "refuse numbers of more than `N` characters, also inside a string", &l.contract.Number},
		{"max-page", "answer with at most `N` items in a page", &l.Page},
		{"max-connections", "have at most `N` connections open", &l.Connections},
		{"header-time", "give a header `TIME` to arrive", &l.HeaderTime},
		{"body-time", "give a whole request `TIME` to arrive", &l.BodyTime},
		{"handler-time", "give a request that has arrived `TIME` to be carried out", &l.HandlerTime},
		{"pattern-time", "give a pattern that needs backtracking `TIME` for one text", &l.contract.PatternTime},
		{"write-time", "give an answer `TIME` to be taken, from the end of the request's header", &l.WriteTime},
		{"idle-time", "close a connection that is idle for `TIME`", &l.IdleTime},
		{"journal-entries", "remember the latest `N` exchanges", &l.JournalEntries},
		{"journal-bytes", "remember at most `BYTES` of exchanges", &l.JournalBytes},
		{"journal-body", "remember the first `BYTES` of each body", &l.JournalBody},
	}
}

// auto leaves a number to the mock.
const auto = "auto"

const limitsCategory = "Limits (docs/limits.md)"

func limitFlags() []cli.Flag {
	defaults := limits{mockserver.DefaultLimits(), openapi.DefaultLimits()}
	var flags []cli.Flag
	for _, row := range limitRows(&defaults) {
		f := &cli.StringFlag{Name: row.flag, Usage: row.usage, Sources: env(row.flag), Category: limitsCategory, Value: row.text()}
		f.DefaultText = f.Value
		f.Validator = row.set // into defaults, which nobody reads any more
		flags = append(flags, f)
	}
	return flags
}

// limitsOf reads the flags, which have been validated.
func limitsOf(c *cli.Command) (l limits, err error) {
	for _, row := range limitRows(&l) {
		err = errors.Join(err, row.set(c.String(row.flag)))
	}
	return l, err
}

func (r limit) text() string {
	switch v := r.value.(type) {
	case *time.Duration:
		return strings.Replace(v.String(), "m0s", "m", 1)
	case *int64:
		return bytesText(*v)
	case *int:
		if *v == 0 {
			return auto
		}
		return strconv.Itoa(*v)
	}
	return ""
}

func (r limit) set(text string) (err error) {
	switch v := r.value.(type) {
	case *time.Duration:
		*v, err = positiveTime(text)
	case *int64:
		*v, err = byteCount(text)
	case *int:
		if text == auto {
			*v = 0
			return nil
		}
		*v, err = strconv.Atoi(text)
		if err != nil || *v < 1 {
			err = errors.New("use a whole number from 1")
		}
	}
	return err
}

func positiveTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, errors.New("use a time such as 90s or 5m")
	}
	return d, nil
}

// units of bytes, the largest first.
var units = []struct {
	suffix string
	size   int64
}{{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}}

func bytesText(n int64) string {
	for _, u := range units {
		if n%u.size == 0 {
			return fmt.Sprintf("%d%s", n/u.size, u.suffix)
		}
	}
	return ""
}

// byteCount reads a number of bytes such as 65536, 64K or 12M, up to 1 TB.
func byteCount(text string) (int64, error) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(strings.ToUpper(text), u.suffix)
		if n, err := strconv.ParseInt(digits, 10, 64); ok && err == nil && n > 0 && n <= 1<<40/u.size {
			return n * u.size, nil
		}
	}
	return 0, errors.New("use a number of bytes such as 65536, 64K or 12M")
}
