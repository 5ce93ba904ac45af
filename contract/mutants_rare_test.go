package contract_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/counterpart-go/counterpart/mockserver"
)

// leakMutants give back what is secret or internal.
func leakMutants() []mutant {
	const updated = "an update with another password, then a list"
	const one = "a create, then a list"
	return []mutant{
		{"the password is listed", "list", "secret", one, listsPassword(func(item map[string]any, password string) { inside(setKey("password", password))(item) })},
		{"the password is listed beside source_info", "list", "secret", one, listsPassword(func(item map[string]any, password string) { item["password"] = password })},
		{"the password is listed under another key", "list", "secret", one, listsPassword(func(item map[string]any, password string) { inside(setKey("pwd", password))(item) })},
		{"the password is listed in Base64", "list", "secret", one, listsPassword(func(item map[string]any, password string) {
			inside(setKey("encrypted", base64.StdEncoding.EncodeToString([]byte(password))))(item)
		})},
		{"the password is listed in hexadecimal", "list", "secret", one, listsPassword(func(item map[string]any, password string) { item["key"] = hex.EncodeToString([]byte(password)) })},
		{"the password is listed in a connection string", "list", "secret", one, listsPassword(func(item map[string]any, password string) {
			item["used_clusters"] = "mysql://root:" + password + "@10.0.0.1:3306"
		})},
		{"the password is listed for RDS_POSTGRES alone", "list", "secret", "a create of RDS_POSTGRES, then a list", listsPassword(func(item map[string]any, password string) {
			ofType("RDS_POSTGRES", inside(setKey("password", password)))(item)
		})},
		{"the password is listed after an update alone", "list update", "secret", updated, twist{serve: func() behaviour {
			passwords := newNotes()
			return func(m *mock, c *call) *reply {
				r := m.answer(c)
				if c.is("update") && r.ok() {
					passwords.set(c.id, c.password())
				}
				if c.is("list") && r.ok() {
					eachItem(func(item map[string]any) {
						if password := passwords.get(item["connector_id"].(string)); password != "" {
							inside(setKey("password", password))(item)
						}
					})(r)
				}
				return r
			}
		}}},
		{"the list shows the password when filtered by id", "list", "secret", "a create, then a list by its id", listsPasswordTo(func(c *call) bool { return c.query("connector_id") != "" }, func(item map[string]any, password string) { inside(setKey("password", password))(item) })},
		{"create gives the password back", "create", "secret", "a create", gives("create", func(c *call, r *reply) { object(setKey("password", c.password()))(r) })},
		{"create gives the whole connection back", "create", "secret", "a create", gives("create", func(c *call, r *reply) { object(setKey("data_connector", c.sent()))(r) })},
		{"update gives the password back", "update", "secret", "an update", gives("update", func(c *call, r *reply) { object(setKey("password", c.password()))(r) })},
		{"update gives the whole connection back", "update", "secret", "an update", gives("update", func(c *call, r *reply) { object(setKey("data_connector", c.sent()))(r) })},
		{"create gives the password back in a header", "create", "secret", "a create", gives("create", func(c *call, r *reply) { r.header["X-Debug"] = []string{"password=" + c.password()} })},
		{"a taken name is refused with the whole body", "create", "secret", "two creates under one name", refusesWith("create", takenName, func(c *call, r *reply) { object(setKey("error_msg", "already exists: "+string(c.body)))(r) })},
		{"a taken name is refused with the password", "create", "secret", "two creates under one name", refusesWith("create", takenName, func(c *call, r *reply) { object(setKey("error_msg", "already exists, password "+c.password()))(r) })},
		{"an unknown id is refused with the password", "update", "secret", "an update of an unknown id", refusesWith("update", unknownID, func(c *call, r *reply) { object(setKey("error_msg", "not found: "+c.password()))(r) })},
		{"invalid creates are refused with the whole body", "create", "secret", "an invalid create with a password", refusesWith("create", anyRefusal, func(c *call, r *reply) { object(setKey("error_msg", "cannot read "+string(c.body)))(r) })},
		{"invalid updates are refused with the source_info", "update", "secret", "an invalid update with a password", refusesWith("update", anyRefusal, func(c *call, r *reply) { object(setKey("error_msg", "invalid: "+or(c.text("source_info"), "?")))(r) })},

		{"a taken name is refused with the database's words", "create", "internals", "two creates under one name", saysTo("create", takenName, message("Error 1062 (23000): Duplicate entry 'a' for key 'data_connector.uk_name'"))},
		{"a taken name is refused with PostgreSQL's words", "create", "internals", "two creates under one name", saysTo("create", takenName, message(`ERROR: duplicate key value violates unique constraint "data_connector_name_key" (SQLSTATE 23505)`))},
		{"an unknown id is refused with the statement", "delete", "internals", "a delete of an unknown id", saysTo("delete", unknownID, message("sql: no rows in result set: SELECT id FROM data_connector WHERE id = ? AND project_id = ?"))},
		{"invalid creates are refused with a Java stack trace", "create", "internals", "an invalid create", saysTo("create", invalidBody, message("java.lang.NullPointerException\n\tat com.example.mrs.DataConnectorController.create(DataConnectorController.java:87)\n\tat java.base/java.lang.Thread.run(Thread.java:840)"))},
		{"invalid updates are refused with a Python stack trace", "update", "internals", "an invalid update", saysTo("update", anyRefusal, message("Traceback (most recent call last):\n  File \"/srv/app/views.py\", line 42, in put\nKeyError: 'connector_name'"))},
		{"a source_info that is no JSON is refused with a Go stack trace", "create", "internals", "a create whose source_info is no JSON", saysTo("create", "source_info", message("runtime error: invalid memory address or nil pointer dereference\ngoroutine 17 [running]:\nmain.create(0xc000010000)\n\t/build/main.go:87 +0x1d"))},
		{"a bad limit is refused with a stack trace of Node.js", "list", "internals", "a list with limit=0", saysTo("list", anyRefusal, message("TypeError: Cannot read properties of undefined (reading 'limit')\n    at list (/srv/app/routes.js:12:9)\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"))},
		{"a malformed project is refused with the name of an exception", "list create update delete", "internals", "a list of a project with a dash", saysTo("list create update delete", "Invalid project ID", message("org.springframework.web.bind.MethodArgumentNotValidException: Validation failed at com.example.mrs.Api.list(Api.java:12)"))},
	}
}

func message(words string) func(*reply) { return object(setKey("error_msg", words)) }

// gives changes the answers of an operation that was carried out, knowing what was sent.
func gives(operation string, change func(c *call, r *reply)) twist {
	return always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if c.is(operation) && r.ok() {
			change(c, r)
		}
		return r
	})
}

// refusesWith changes refusals in such words, knowing what was sent.
func refusesWith(operation, words string, change func(c *call, r *reply)) twist {
	return always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if c.is(operation) && r.status >= 400 && strings.Contains(r.body, words) {
			change(c, r)
		}
		return r
	})
}

// listsPassword lists connections with the password that was sent last.
func listsPassword(show func(item map[string]any, password string)) twist {
	return listsPasswordTo(anyCall, show)
}

func listsPasswordTo(fits func(*call) bool, show func(item map[string]any, password string)) twist {
	return twist{serve: func() behaviour {
		passwords := newNotes()
		return func(m *mock, c *call) *reply {
			r := m.answer(c)
			switch {
			case !r.ok():
			case c.is("create"):
				passwords.set(r.object()["connector_id"].(string), c.password())
			case c.is("update"):
				passwords.set(c.id, c.password())
			case c.is("list") && fits(c):
				eachItem(func(item map[string]any) {
					if password := passwords.get(item["connector_id"].(string)); password != "" {
						show(item, password)
					}
				})(r)
			}
			return r
		}
	}}
}

// concurrencyMutants are right as long as requests come one by one.
func concurrencyMutants() []mutant {
	const creates = "parallel creates under one name"
	return []mutant{
		{"parallel creates both take a free name", "create", "rivals", creates, racy("create")},
		{"parallel updates both take a free name", "update", "rivals", "parallel updates of two connections to one name", racy("update")},
		{"parallel deletes of one connection both succeed", "delete", "rivals", "parallel deletes of one connection", racy("delete")},
		{"parallel creates all lose", "create", "rivals", creates, parallel("create", func(_ *mock, c *call, _ string) *reply {
			return refusal(400, "MRS.0010", "Dataconnector error. The name already exists.")
		})},
		{"parallel creates under one name all answer with 500 but one", "create", "rivals server-error refused", creates, always(func(m *mock, c *call) *reply {
			r := m.answer(c)
			if c.is("create") && strings.Contains(r.body, takenName) {
				replyWith(500)(r)
			}
			return r
		})},
		{"parallel creates get one id", "create", "unique-id rivals", "parallel creates under different names", parallelAnswers("create", func(r *reply, last string) {
			if last != "" {
				r.body = last
			}
		})},
		{"a create that is not alone is lost", "create", "listed rivals read-back", "parallel creates, then a list", parallel("create", func(m *mock, c *call, _ string) *reply {
			r := m.answer(c)
			if r.ok() {
				m.delete(c, r.object()["connector_id"])
			}
			return r
		})},
		{"requests that are not alone fail with 500", "create update delete list", "server-error rivals accepted", "any parallel requests", parallel("", func(*mock, *call, string) *reply {
			return refusal(500, "12000004", "Internal server error.")
		})},
		{"parallel requests cut each other's connection", "create update delete list", "answer rivals", "any parallel requests", parallel("", func(*mock, *call, string) *reply { panic(http.ErrAbortHandler) })},
		{"parallel updates of one connection are mixed", "update", "read-back rivals", "parallel updates of one connection, then a list", twist{serve: func() behaviour {
			meeting, last := newMeeting(), newNotes()
			return func(m *mock, c *call) *reply {
				if !c.is("update") || !m.wouldAccept(c) {
					return m.answer(c)
				}
				last.set(c.id, c.text("source_info"))
				if meeting.wait(c.id) {
					sent := c.sent()
					info := opened(map[string]any{"source_info": last.get(c.id)})
					inside(setKey("user_name", info["user_name"]))(sent)
					c.setSent(sent)
				}
				return m.answer(c)
			}
		}}},
		{"lists are empty while a create is under way", "list", "listed", "lists beside creates", twist{serve: func() behaviour {
			var under atomic.Int64
			meeting := newMeeting()
			return func(m *mock, c *call) *reply {
				if c.is("create") {
					under.Add(1)
					defer under.Add(-1)
					meeting.wait("create")
				}
				r := m.answer(c)
				if c.is("list") && r.ok() && under.Load() > 0 {
					r.setList(nil, 0)
				}
				return r
			}
		}}},
	}
}

// parallel answers in its own way when a second request of the operations comes within a short time. Both are told
// what the other one sent last.
func parallel(operations string, answer func(m *mock, c *call, other string) *reply) twist {
	return twist{serve: func() behaviour {
		meeting := newMeeting()
		return func(m *mock, c *call) *reply {
			if c.is(operations) && meeting.wait("here") {
				return answer(m, c, "")
			}
			return m.answer(c)
		}
	}}
}

// parallelAnswers lets such requests be carried out one by one, and changes their answers: last is what the request
// before was told.
func parallelAnswers(operations string, change func(r *reply, last string)) twist {
	return twist{serve: func() behaviour {
		meeting := newMeeting()
		var mu sync.Mutex
		last := ""
		return func(m *mock, c *call) *reply {
			if !c.is(operations) || !meeting.wait("here") {
				return m.answer(c)
			}
			mu.Lock()
			defer mu.Unlock()
			r := m.answer(c)
			if r.ok() {
				change(r, last)
				last = r.body
			}
			return r
		}
	}}
}

// rareMutants are broken only where something comes together.
func rareMutants() []mutant {
	return []mutant{
		{"fails from the 20th request on", "create list update delete", "server-error accepted", "20 requests", nth(func(n int64) bool { return n >= 20 }, replyWith(500))},
		{"fails on every 50th request", "create list update delete", "server-error accepted refused", "50 requests", nth(func(n int64) bool { return n%50 == 0 }, replyWith(500))},
		{"forgets the request id in every 30th answer", "create list update delete", "header", "30 requests", nth(func(n int64) bool { return n%30 == 0 }, noHeader("X-Request-Id"))},
		{"stores nothing from the 15th create on", "create", "listed", "15 creates, then a list", remembering(func(n *notes, m *mock, c *call) *reply {
			r := m.answer(c)
			if c.is("create") && r.ok() && n.count("creates") >= 15 {
				m.delete(c, r.object()["connector_id"])
			}
			return r
		})},
		{"shows the third item of a list without its name", "list", "body", "a list of three", says("list", items(func(at int, item map[string]any) {
			if at == 2 {
				delete(item, "connector_name")
			}
		}))},
		{"shows the third item of a list with the values of the first", "list", "read-back listed unique-id pages", "a list of three", says("list", func(r *reply) {
			list, total := r.items(), r.total()
			if len(list) > 2 {
				list[2] = list[0]
			}
			r.setList(list, total)
		})},
		{"gives another shape from three items on", "list", "body", "a list of three", says("list", func(r *reply) {
			if list := r.items(); len(list) > 2 {
				r.setBody(map[string]any{"total_count": r.total(), "data_connectors": map[string]any{"items": list}})
			}
		})},
		{"gives the total as text on the second page", "list", "body", "a list with offset=1", saysIf("list", offsetAboveZero, object(func(b map[string]any) { b["total_count"] = fmt.Sprint(b["total_count"]) }))},
		{"gives the second page as text/plain", "list", "media-type", "a list with offset=1", saysIf("list", offsetAboveZero, header("Content-Type", "text/plain"))},
		{"shows the status of items on the second page in words", "list", "body", "two creates, then a list with offset=1", saysIf("list", offsetAboveZero, eachItem(setKey("status", "ok")))},
		{"does not carry out an update when a value holds a quote", "update", "read-back", "an update with a quote in a value, then a list", quietly("update", func(c *call) bool { return strings.ContainsAny(c.quoted(), `"'`) })},
		{"does not carry out an update when a value is not ASCII", "update", "read-back", "an update with an umlaut in a value, then a list", quietly("update", func(c *call) bool { return asciiOnly(c.quoted()) != c.quoted() })},
		{"does not carry out an update to a name longer than 60", "update", "read-back", "an update to a name of 64, then a list", quietly("update", func(c *call) bool { return len(c.text("connector_name")) > 60 })},
		{"create answers 200 for names longer than 60", "create", "status", "a create with a name of 64", saysIf("create", func(c *call) bool { return len(c.text("connector_name")) > 60 }, status(200))},
		{"update answers 204 for gaussdb-mysql", "update", "status", "an update of gaussdb-mysql", saysIf("update", func(c *call) bool { return c.text("source_type") == "gaussdb-mysql" }, with(status(204), noBody))},
		{"create cuts the connection for RDS_POSTGRES", "create", "answer", "a create of RDS_POSTGRES", saysIf("create", func(c *call) bool { return c.text("source_type") == "RDS_POSTGRES" }, func(*reply) { panic(http.ErrAbortHandler) })},
		{"the first create fails", "create", "server-error accepted", "the first create", remembering(func(n *notes, m *mock, c *call) *reply {
			if c.is("create") && n.count("creates") == 1 {
				return refusal(500, "12000004", "Internal server error.")
			}
			return m.answer(c)
		})},
		{"the third update of a connection fails", "update", "server-error accepted", "three updates of one connection", remembering(func(n *notes, m *mock, c *call) *reply {
			r := m.answer(c)
			if c.is("update") && r.ok() && n.count(c.id) == 3 {
				replyWith(500)(r)
			}
			return r
		})},
		{"a delete as the next write after an update is not carried out", "delete", "listed", "a create, an update, a delete, then a list", remembering(func(n *notes, m *mock, c *call) *reply {
			if c.is("delete") && n.get("last") == "update "+c.id && m.find(c, c.id) != nil {
				n.set("last", "")
				return success("delete")
			}
			r := m.answer(c)
			if !c.is("list") {
				n.set("last", c.operation+" "+c.id)
			}
			return r
		})},
		{"a list of one type leaves out what was updated", "list update", "filter listed", "an update, then a list with its type", twist{serve: func() behaviour {
			updated := newNotes()
			return func(m *mock, c *call) *reply {
				r := m.answer(c)
				if c.is("update") && r.ok() {
					updated.set(c.id, "yes")
				}
				if c.is("list") && r.ok() && c.query("source_type") != "" {
					var kept []map[string]any
					for _, item := range r.items() {
						if updated.get(item["connector_id"].(string)) == "" {
							kept = append(kept, item)
						}
					}
					r.setList(kept, r.total()-(len(r.items())-len(kept)))
				}
				return r
			}
		}}},
		{"an update leaves the index of names as it was", "update create", "listed filter accepted", "an update to another name, then a list by it", twist{store: func(s mockserver.Store) mockserver.Store {
			return &storeTwist{Store: s, put: func(c mockserver.Collection, d mockserver.Document) error {
				if old, ok, _ := c.Get(d.ID); ok {
					d.Keys["connector_name"] = old.Keys["connector_name"]
				}
				return c.Put(d)
			}}
		}}},
	}
}

// quoted is what stands in source_info, without its JSON.
func (c *call) quoted() string {
	info := c.info()
	return fmt.Sprint(info["db_name"], info["user_name"], info["password"])
}

// nth changes answers by the number of the request, counted from 1.
func nth(fits func(n int64) bool, change func(*reply)) twist {
	return twist{serve: func() behaviour {
		var requests atomic.Int64
		return func(m *mock, c *call) *reply {
			r := m.answer(c)
			if fits(requests.Add(1)) {
				change(r)
			}
			return r
		}
	}}
}

// quietly says that calls that fit were carried out, and does nothing.
func quietly(operation string, fits func(c *call) bool) twist {
	return always(func(m *mock, c *call) *reply {
		if c.is(operation) && fits(c) && m.wouldAccept(c) && m.find(c, c.id) != nil {
			return success(operation)
		}
		return m.answer(c)
	})
}
