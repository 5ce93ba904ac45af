package contract_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/mockserver"
)

// soundServer keeps the document in an unusual way.
type soundServer struct {
	name   string // what is unusual about it
	server twist
}

// soundServers must not be accused of anything.
func soundServers() []soundServer {
	return []soundServer{
		{"it is the mock itself", twist{}},
		{"it is the mock behind a socket", twist{target: overSocket(nil)}},
		{"it adds fields to every answer", says("create list update", object(setKey("more", []any{1, nil})))},
		{"it adds fields to items", says("list", eachItem(func(i map[string]any) { i["region"], i["tags"] = nil, map[string]any{"a": []any{}} }))},
		{"it adds keys inside source_info", says("list", eachItem(inside(func(i map[string]any) { i["port"], i["ssl"] = 3306, map[string]any{"mode": nil} })))},
		{"it adds fields to errors", saysRefusing("", object(setKey("details", []any{map[string]any{"field": "a"}})))},
		{"its errors have other codes and words", saysRefusing("", object(func(b map[string]any) { b["error_code"], b["error_msg"] = "E1", "Nein." }))},
		{"it refuses malformed ids in the path with 404", always(func(m *mock, c *call) *reply {
			r := m.answer(c)
			if r.status == 400 && (!wellFormedProject(c) || c.id != "" && !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(c.id)) {
				replyWith(404)(r)
			}
			return r
		})},
		{"it refuses wrong media types with 400", saysRefusing("create update", replyWith(400), 415)},
		{"it lists the newest first", sorted(func(list []mockserver.Document) { slices.Reverse(list) })},
		{"it lists by name", sorted(func(list []mockserver.Document) {
			slices.SortStableFunc(list, func(a, b mockserver.Document) int {
				return strings.Compare(a.Keys["connector_name"], b.Keys["connector_name"])
			})
		})},
		{"it lists by id", sorted(func(list []mockserver.Document) {
			slices.SortStableFunc(list, func(a, b mockserver.Document) int { return strings.Compare(a.ID, b.ID) })
		})},
		{"it takes two milliseconds for every answer", always(func(m *mock, c *call) *reply {
			<-time.After(2 * time.Millisecond)
			return m.answer(c)
		})},
		{"it closes the connection after every answer", twist{target: overSocket(func(s *httptest.Server) {
			s.Config.SetKeepAlivesEnabled(false)
			s.Start()
		})}},
		{"it speaks HTTP/2", twist{target: overSocket(func(s *httptest.Server) {
			s.EnableHTTP2 = true
			s.StartTLS()
		})}},
		{"it sends every answer in chunks", inChunks()},
		{"it packs answers for clients that take gzip", packed()},
		{"it masks passwords", says("list", eachItem(inside(setKey("password", "*****"))))},
		{"it lists passwords as empty text", says("list", eachItem(inside(setKey("password", ""))))},
		{"it writes source_info with other white space", says("list", eachItem(infoText(indented)))},
		{"it writes source_info with its keys in another order", says("list", eachItem(infoText(upsideDown)))},
		{"it writes source_info with escapes", says("list", eachItem(infoText(func(s string) string { return strings.ReplaceAll(s, `"db_name"`, `"\u0064b_name"`) })))},
		{"it writes text in JSON with escapes", says("", text(withEscapes))},
		{"it writes numbers with fractions of zero", says("list", text(func(s string) string { return regexp.MustCompile(`"status":0`).ReplaceAllString(s, `"status":0.0`) }))},
		{"it writes numbers with exponents", says("list", text(func(s string) string {
			return strings.ReplaceAll(s, `"encrypt_type":0`, `"encrypt_type":0e0`)
		}))},
		{"it leaves optional fields of items out", says("list", eachItem(func(i map[string]any) {
			for name := range i {
				if !slices.Contains([]string{"connector_id", "connector_name", "source_type", "source_info"}, name) {
					delete(i, name)
				}
			}
		}))},
		{"it writes JSON on many lines", says("", text(indented))},
		{"it names its charset", says("", charset)},
		{"it names its charset in errors too", saysRefusing("", charset)},
		{"it writes the media type in capitals", says("", func(r *reply) {
			if r.body != "" {
				r.header.Set("Content-Type", "Application/JSON")
			}
		})},
		{"it writes names of headers in small letters", always(func(m *mock, c *call) *reply {
			r := m.answer(c)
			r.header["Server"], r.header["X-Frame-Options"] = []string{"api-gateway"}, []string{"SAMEORIGIN"}
			return r
		})},
		{"it echoes the client's request id", always(func(m *mock, c *call) *reply {
			r := m.answer(c)
			if id := c.request.Header.Get("X-Request-Id"); id != "" {
				r.header.Set("X-Request-Id", id)
			}
			return r
		})},
		{"it gives the same request id to all", always(func(m *mock, c *call) *reply {
			r := m.answer(c)
			r.header.Set("X-Request-Id", "-")
			return r
		})},
		{"its ids are numbers written as text", numberedIDs()},
		{"it has three connections already", seeded(3)},
		{"it has thirty connections already", seeded(30)},
		{"it has connections with names almost like those of the suite", seededAs("counterpart-1-%d-", 12)},
		{"others create and delete connections meanwhile", busy()},
		{"it refuses huge bodies with 413 at 64 KiB", always(func(m *mock, c *call) *reply {
			if len(c.body) > 64<<10 {
				return refusal(http.StatusRequestEntityTooLarge, "APIGW.0201", "Request entity too large.")
			}
			return m.answer(c)
		})},
		{"its clock is wrong", says("list", eachItem(func(i map[string]any) { i["create_time"], i["last_update_time"] = 0, -1 }))},
		{"it throttles one request and names the time to wait", remembering(func(n *notes, m *mock, c *call) *reply {
			if n.count("requests") == 10 {
				r := refusal(http.StatusTooManyRequests, "APIGW.0308", "The throttling threshold has been reached.")
				r.header.Set("Retry-After", "0")
				return r
			}
			return m.answer(c)
		})},
		{"it says that updates failed", says("update", object(setKey("result", "failed")))},
		{"it lists its clusters", says("list", eachItem(func(i map[string]any) { i["used_clusters"], i["status"] = "a,b", 1 }))},
		{"it sends cookies", always(func(m *mock, c *call) *reply {
			r := m.answer(c)
			r.header["Set-Cookie"] = []string{"session=1; HttpOnly"}
			return r
		})},
	}
}

// sorted keeps lists in another stable order.
func sorted(sort func(list []mockserver.Document)) twist {
	return listsAs(func(c mockserver.Collection, q mockserver.Query) ([]mockserver.Document, int, error) {
		list, total, err := c.List(mockserver.Query{ID: q.ID, Equal: q.Equal})
		sort(list)
		return pageOf(list, q), total, err
	})
}

func charset(r *reply) {
	if r.body != "" {
		r.header.Set("Content-Type", "application/json; charset=utf-8")
	}
}

// indented is JSON text on many lines.
func indented(text string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "  ", "\t"); err != nil {
		return text
	}
	return b.String() + "\n"
}

// upsideDown is JSON text of an object with its keys in falling order.
func upsideDown(text string) string {
	info := opened(map[string]any{"source_info": text})
	names := make([]string, 0, len(info))
	for name := range info {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.Reverse(names)
	var parts []string
	for _, name := range names {
		parts = append(parts, jsonText(name)+":"+jsonText(info[name]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// withEscapes is JSON text with small letters of texts as escapes, apart from keys.
func withEscapes(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, `:"counterpart`, `:"\u0063ounterpart`), "/", `\/`)
}

// inChunks flushes every answer in the middle, so that no length is known.
func inChunks() twist {
	tw := twist{}
	tw.target = func(h http.Handler) (contract.Target, func()) {
		return overSocket(nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			for name, values := range rec.Header() {
				w.Header()[name] = values
			}
			w.Header().Del("Content-Length")
			w.WriteHeader(rec.Code)
			half := rec.Body.Len() / 2
			_, _ = w.Write(rec.Body.Bytes()[:half])
			if half > 0 {
				w.(http.Flusher).Flush()
			}
			_, _ = w.Write(rec.Body.Bytes()[half:])
		}))
	}
	return tw
}

func packed() twist {
	tw := always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if !strings.Contains(c.request.Header.Get("Accept-Encoding"), "gzip") || r.body == "" {
			return r
		}
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(r.body))
		_ = w.Close()
		r.body = b.String()
		r.header.Set("Content-Encoding", "gzip")
		return r
	})
	tw.target = overSocket(nil)
	return tw
}

// numberedIDs hands out ids that look like numbers: 32 digits, none of them a letter.
func numberedIDs() twist {
	return twist{serve: func() behaviour {
		var made atomic.Int64
		renamed := newAliases()
		renamed.fresh = func() string { return fmt.Sprintf("%032d", made.Add(1)) }
		return renamed.behave
	}}
}

// seeded has connections already in every project that is asked for.
func seeded(n int) twist { return seededAs("there-%d", n) }

func seededAs(name string, n int) twist {
	return remembering(func(notes *notes, m *mock, c *call) *reply {
		if wellFormedProject(c) && notes.count(c.project) == 1 {
			for i := range n {
				kind := sourceTypes()[i%3]
				m.create(c, fmt.Sprintf(name, i), kind)
			}
		}
		return m.answer(c)
	})
}

// create stores a connection.
func (m *mock) create(c *call, name, kind string) *reply {
	return m.send(c.request.Context(), http.MethodPost, pathOf(c.project, ""),
		[]byte(jsonText(map[string]any{"data_connector": map[string]any{"connector_name": name, "source_type": kind, "source_info": soundInfo(kind)}})))
}

// busy lets somebody else work on the server: a connection comes and goes with every tenth request that writes.
func busy() twist {
	return remembering(func(n *notes, m *mock, c *call) *reply {
		if wellFormedProject(c) && !c.is("list") && n.count("writes")%10 == 0 {
			if r := m.create(c, "somebody-else", "RDS_MYSQL"); r.ok() {
				m.delete(c, r.object()["connector_id"])
			}
		}
		return m.answer(c)
	})
}
