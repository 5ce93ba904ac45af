package contract_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/counterpart-go/counterpart/mockserver"
)

// notes are what a broken server remembers, by key.
type notes struct {
	mu    sync.Mutex // guards byKey
	byKey map[string]string
}

func newNotes() *notes { return &notes{byKey: map[string]string{}} }

func (n *notes) get(key string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byKey[key]
}

func (n *notes) set(key, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byKey[key] = value
}

// count adds one to a number and gives it.
func (n *notes) count(key string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byKey[key] += "i"
	return len(n.byKey[key])
}

func (n *notes) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.byKey)
}

// remembering is a behaviour with notes of its own in each server.
func remembering(b func(n *notes, m *mock, c *call) *reply) twist {
	return twist{serve: func() behaviour {
		n := newNotes()
		return func(m *mock, c *call) *reply { return b(n, m, c) }
	}}
}

// after does something more once an operation was carried out.
func after(operations string, more func(m *mock, c *call, r *reply)) twist {
	return always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if c.is(operations) && r.ok() {
			more(m, c, r)
		}
		return r
	})
}

// afterRefusing does something more once an operation was refused in such words.
func afterRefusing(operations, words string, more func(m *mock, c *call)) twist {
	return always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if c.is(operations) && r.status >= 400 && strings.Contains(r.body, words) {
			more(m, c)
		}
		return r
	})
}

// sends changes what an operation is told before it is carried out, for the mock sees it only then.
func sends(operations string, change func(m *mock, c *call, sent map[string]any)) twist {
	return always(func(m *mock, c *call) *reply {
		if sent := c.sent(); c.is(operations) && sent != nil && m.wouldAccept(c) {
			change(m, c, sent)
			c.setSent(sent)
		}
		return m.answer(c)
	})
}

// wouldAccept says whether the body is valid: the mock judges it before it looks for the id.
func (m *mock) wouldAccept(c *call) bool {
	r := m.send(c.request.Context(), http.MethodPut, pathOf(c.project, "nobody"), c.body)
	return strings.Contains(r.body, unknownID)
}

// alone refuses nothing: it carries out what the mock refused in such words.
func alone(operation, words string, answer func(m *mock, c *call) *reply) twist {
	return always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if c.is(operation) && r.status >= 400 && strings.Contains(r.body, words) {
			return answer(m, c)
		}
		return r
	})
}

func just(operation string) func(*mock, *call) *reply {
	return func(*mock, *call) *reply { return success(operation) }
}

// stateMutants forget, mix up or invent what they were told.
func stateMutants() []mutant {
	return []mutant{
		{"create stores nothing", "create", "listed", "a create, then a list", puts(func(c mockserver.Collection, d mockserver.Document) error {
			if !known(c, d.ID) {
				return nil
			}
			return c.Put(d)
		})},
		{"create stores nothing of gaussdb-mysql", "create", "listed", "a create of gaussdb-mysql, then a list", puts(func(c mockserver.Collection, d mockserver.Document) error {
			if d.Keys["source_type"] == "gaussdb-mysql" && !known(c, d.ID) {
				return nil
			}
			return c.Put(d)
		})},
		{"create answers with an id that is not the stored one", "create", "listed", "a create, then a list by its id", says("create", object(func(b map[string]any) {
			id := []byte(b["connector_id"].(string))
			slices.Reverse(id)
			b["connector_id"] = string(id)
		}))},
		{"create answers with the same id for all", "create", "unique-id", "two creates", says("create", object(setKey("connector_id", "0822239c1e80d4502f82c008937da9b5")))},
		{"create stores the connection twice", "create", "total filter unique-id trace listed", "a create, then a list by its name", puts(func(c mockserver.Collection, d mockserver.Document) error {
			if !known(c, d.ID) {
				twin := d
				twin.ID = "f" + d.ID[1:]
				twin.Body = replaced(d.Body, d.ID, twin.ID)
				twin.Keys = maps.Clone(d.Keys)
				if err := c.Put(twin); err != nil {
					return err
				}
			}
			return c.Put(d)
		})},
		{"create overwrites the oldest once there are two", "create", "listed", "three creates, then a list", puts(func(c mockserver.Collection, d mockserver.Document) error {
			if all := everything(c); len(all) > 1 && !known(c, d.ID) {
				if _, err := c.Delete(all[0].ID); err != nil {
					return err
				}
			}
			return c.Put(d)
		})},
		{"create writes names in small letters", "create", "read-back listed filter", "a create with capitals in its name, then a list", sends("create", lowerName)},
		{"update writes names in small letters", "update", "read-back listed filter", "an update to a name with capitals, then a list", sends("update", lowerName)},
		{"create cuts names to 32 characters", "create", "read-back listed filter", "a create with a name of 64, then a list", sends("create", func(_ *mock, _ *call, sent map[string]any) {
			sent["connector_name"] = cut(32)(sent["connector_name"].(string))
		})},
		{"create drops further keys of source_info", "create", "read-back", "a create with one key more in source_info, then a list", sends("create", func(_ *mock, _ *call, sent map[string]any) { inside(onlyKnown)(sent) })},
		{"update drops further keys of source_info", "update", "read-back", "an update with one key more in source_info, then a list", sends("update", func(_ *mock, _ *call, sent map[string]any) { inside(onlyKnown)(sent) })},
		{"create trims values inside source_info", "create", "read-back", "a create with a db_name that ends with a space, then a list", sends("create", func(_ *mock, _ *call, sent map[string]any) {
			inside(func(info map[string]any) {
				for _, name := range []string{"db_name", "user_name"} {
					editInfo(name, func(s string) string { return or(strings.TrimSpace(s), s) })(info)
				}
			})(sent)
		})},
		{"create replaces what is not ASCII by question marks", "create", "read-back", "a create with an umlaut in db_name, then a list", sends("create", func(_ *mock, _ *call, sent map[string]any) {
			inside(func(info map[string]any) {
				for _, name := range []string{"db_name", "user_name"} {
					editInfo(name, asciiOnly)(info)
				}
			})(sent)
		})},
		{"create doubles backslashes", "create", "read-back", "a create with a backslash in db_name or user_name, then a list", sends("create", func(_ *mock, _ *call, sent map[string]any) {
			inside(func(info map[string]any) {
				for _, name := range []string{"db_name", "user_name"} {
					editInfo(name, func(s string) string { return strings.ReplaceAll(s, `\`, `\\`) })(info)
				}
			})(sent)
		})},
		{"create escapes values for HTML", "create", "read-back", "a create with < or & in db_name or user_name, then a list", sends("create", func(_ *mock, _ *call, sent map[string]any) {
			inside(func(info map[string]any) {
				for _, name := range []string{"db_name", "user_name"} {
					editInfo(name, func(s string) string { return strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(s) })(info)
				}
			})(sent)
		})},
		{"create swaps db_name and user_name", "create", "read-back", "a create, then a list", sends("create", func(_ *mock, _ *call, sent map[string]any) {
			inside(func(info map[string]any) { info["db_name"], info["user_name"] = info["user_name"], info["db_name"] })(sent)
		})},
		{"create writes the user name in capitals", "create", "read-back", "a create, then a list", sends("create", func(_ *mock, _ *call, sent map[string]any) { inside(editInfo("user_name", strings.ToUpper))(sent) })},
		{"create makes RDS_POSTGRES of RDS_MYSQL", "create", "read-back filter", "a create of RDS_MYSQL, then a list", sends("create", func(_ *mock, _ *call, sent map[string]any) {
			if sent["source_type"] == "RDS_MYSQL" {
				sent["source_type"] = "RDS_POSTGRES"
			}
		})},

		{"update does nothing", "update", "read-back", "an update, then a list", puts(func(c mockserver.Collection, d mockserver.Document) error {
			if known(c, d.ID) {
				return nil
			}
			return c.Put(d)
		})},
		{"update does nothing to gaussdb-mysql", "update", "read-back", "an update of gaussdb-mysql, then a list", puts(func(c mockserver.Collection, d mockserver.Document) error {
			if d.Keys["source_type"] == "gaussdb-mysql" && known(c, d.ID) {
				return nil
			}
			return c.Put(d)
		})},
		{"update keeps the old name", "update", "read-back", "an update to another name, then a list", sends("update", func(m *mock, c *call, sent map[string]any) { keep(m, c, sent, "connector_name") })},
		{"update keeps the old source_info", "update", "read-back", "an update with another source_info, then a list", sends("update", func(m *mock, c *call, sent map[string]any) {
			if old := m.find(c, c.id); old != nil {
				sent["source_info"] = jsonText(withPassword(opened(old)))
			}
		})},
		{"update keeps the old db_name", "update", "read-back", "an update with another db_name, then a list", sends("update", func(m *mock, c *call, sent map[string]any) { keepInside(m, c, sent, "db_name") })},
		{"update keeps the old user_name", "update", "read-back", "an update with another user_name, then a list", sends("update", func(m *mock, c *call, sent map[string]any) { keepInside(m, c, sent, "user_name") })},
		{"update keeps the old rds_instance_id", "update", "read-back", "an update with another rds_instance_id, then a list", sends("update", func(m *mock, c *call, sent map[string]any) { keepInside(m, c, sent, "rds_instance_id") })},
		{"update only adds keys that were not there", "update", "read-back", "an update with other values, then a list", sends("update", func(m *mock, c *call, sent map[string]any) {
			if old := m.find(c, c.id); old != nil {
				info := opened(sent)
				maps.Copy(info, opened(old))
				sent["source_info"] = jsonText(info)
			}
		})},
		{"update changes the first connection of the project", "update", "read-back", "an update of the second of two, then a list", always(func(m *mock, c *call) *reply {
			if list := m.list(c, ""); c.is("update") && m.find(c, c.id) != nil && len(list) > 1 {
				for _, item := range list {
					if sameType := item["source_type"] == c.text("source_type"); sameType {
						c.setPath(c.project, item["connector_id"].(string))
						break
					}
				}
			}
			return m.answer(c)
		})},
		{"update changes the other connections of its type as well", "update", "read-back", "two creates of one type, an update of one, then a list", after("update", func(m *mock, c *call, _ *reply) {
			for _, item := range m.list(c, "") {
				if item["source_type"] == c.text("source_type") && item["connector_id"] != c.id {
					item["source_info"] = c.text("source_info")
					m.put(c, item)
				}
			}
		})},
		{"update takes the connection away", "update", "listed", "an update, then a list", after("update", func(m *mock, c *call, _ *reply) { m.delete(c, c.id) })},
		{"update gives the connection another id", "update", "listed", "an update, then a list by its id", after("update", func(m *mock, c *call, _ *reply) {
			m.delete(c, c.id)
			m.send(c.request.Context(), http.MethodPost, pathOf(c.project, ""), c.body)
		})},
		{"update leaves the old one beside the new one", "update create", "listed filter total accepted", "an update to another name, then a list by the old name", remembering(func(n *notes, m *mock, c *call) *reply {
			var old map[string]any
			if c.is("update") {
				old = m.find(c, c.id)
			}
			r := m.answer(c)
			if old != nil && r.ok() && old["connector_name"] != c.text("connector_name") {
				old["source_info"] = jsonText(withPassword(opened(old)))
				m.send(c.request.Context(), http.MethodPost, pathOf(c.project, ""), []byte(jsonText(map[string]any{"data_connector": pick(old, "connector_name", "source_type", "source_info")})))
			}
			return r
		})},
		{"the second update of a connection does nothing", "update", "read-back", "two updates of one connection, then a list", remembering(func(n *notes, m *mock, c *call) *reply {
			if c.is("update") && m.wouldAccept(c) && m.find(c, c.id) != nil && n.count(c.id) == 2 {
				return success("update")
			}
			return m.answer(c)
		})},

		{"delete does nothing", "delete", "listed", "a delete, then a list", twist{store: func(s mockserver.Store) mockserver.Store {
			return &storeTwist{Store: s, remove: func(c mockserver.Collection, id string) (bool, error) { return known(c, id), nil }}
		}}},
		{"delete does nothing to RDS_POSTGRES", "delete", "listed", "a delete of RDS_POSTGRES, then a list", removes(func(c mockserver.Collection, id string) (bool, error) {
			if d, _, _ := c.Get(id); d.Keys["source_type"] == "RDS_POSTGRES" {
				return true, nil
			}
			return c.Delete(id)
		})},
		{"delete takes the next one as well", "delete", "listed read-back", "two creates, a delete of the first, then a list", removes(func(c mockserver.Collection, id string) (bool, error) {
			all := everything(c)
			at := slices.IndexFunc(all, func(d mockserver.Document) bool { return d.ID == id })
			if at+1 < len(all) {
				if _, err := c.Delete(all[at+1].ID); err != nil {
					return false, err
				}
			}
			return c.Delete(id)
		})},
		{"delete takes all of the same type", "delete", "listed read-back", "two creates of one type, a delete of one, then a list", removes(func(c mockserver.Collection, id string) (bool, error) {
			d, _, _ := c.Get(id)
			for _, other := range everything(c) {
				if other.Keys["source_type"] == d.Keys["source_type"] && other.ID != id {
					if _, err := c.Delete(other.ID); err != nil {
						return false, err
					}
				}
			}
			return c.Delete(id)
		})},
		{"delete takes the newest", "delete", "listed", "two creates, a delete of the first, then a list", removes(func(c mockserver.Collection, _ string) (bool, error) {
			all := everything(c)
			return c.Delete(all[len(all)-1].ID)
		})},
		{"deleted connections are listed when filtered by id", "delete list", "listed", "a delete, then a list by its id", remembering(func(n *notes, m *mock, c *call) *reply {
			if c.is("delete") {
				if old := m.find(c, c.id); old != nil {
					n.set(c.id, jsonText(old))
				}
			}
			r := m.answer(c)
			if kept := n.get(c.query("connector_id")); c.is("list") && r.ok() && kept != "" && len(c.request.URL.Query()) == 1 {
				var item map[string]any
				_ = json.Unmarshal([]byte(kept), &item)
				r.setList([]map[string]any{item}, 1)
			}
			return r
		})},
		{"deleted connections are listed when not filtered", "delete list", "listed", "a delete, then a list of all", remembering(func(n *notes, m *mock, c *call) *reply {
			if c.is("delete") {
				if old := m.find(c, c.id); old != nil {
					n.set(c.project, jsonText(old))
				}
			}
			r := m.answer(c)
			if kept := n.get(c.project); c.is("list") && r.ok() && kept != "" && c.request.URL.RawQuery == "" {
				var item map[string]any
				_ = json.Unmarshal([]byte(kept), &item)
				r.setList(append(r.items(), item), r.total()+1)
			}
			return r
		})},
		{"lists are cached and a create does not clear them", "create list", "listed", "a list, a create, the same list", cached("update delete")},
		{"lists are cached and an update does not clear them", "update list", "read-back", "a list, an update, the same list", cached("create delete")},
		{"lists are cached and a delete does not clear them", "delete list", "listed", "a list, a delete, the same list", cached("create update")},
		{"a connection disappears after its third listing", "list create", "listed", "a create, then four lists", remembering(func(n *notes, m *mock, c *call) *reply {
			r := m.answer(c)
			if c.is("list") && r.ok() {
				for _, item := range r.items() {
					if id := item["connector_id"].(string); n.count(id) == 3 {
						m.delete(c, id)
					}
				}
			}
			return r
		})},

		{"a taken name is accepted on create", "create", "refused", "two creates under one name", alone("create", takenName, just("create"))},
		{"a taken name is accepted on create for another type", "create", "refused", "two creates of different types under one name", alone("create", takenName, func(m *mock, c *call) *reply {
			if list := m.list(c, "connector_name="+url.QueryEscape(c.text("connector_name"))); len(list) == 1 && list[0]["source_type"] == c.text("source_type") {
				return refusal(400, "MRS.0010", "A data connection of this name already exists.")
			}
			return success("create")
		})},
		{"a create under a taken name updates the one that has it", "create", "refused", "two creates under one name", alone("create", takenName, func(m *mock, c *call) *reply {
			id := overwrite(m, c)
			r := success("create")
			r.setBody(map[string]any{"connector_id": id})
			return r
		})},
		{"a taken name is accepted on update", "update", "refused", "an update to a taken name", alone("update", takenName, just("update"))},
		{"another type is accepted on update", "update", "refused", "an update with another type", alone("update", otherType, just("update"))},
		{"another type is accepted on update from RDS_MYSQL to RDS_POSTGRES alone", "update", "refused", "an update of RDS_MYSQL to RDS_POSTGRES", alone("update", otherType, func(_ *mock, c *call) *reply {
			if c.text("source_type") == "RDS_POSTGRES" {
				return success("update")
			}
			return refusal(400, "MRS.0010", "Type mismatch.")
		})},
		{"an update of an unknown id creates it", "update", "refused", "an update of an unknown id", alone("update", unknownID, func(m *mock, c *call) *reply {
			m.send(c.request.Context(), http.MethodPost, pathOf(c.project, ""), c.body)
			return success("update")
		})},
		{"an update of a deleted connection says that it succeeded", "update", "refused", "a delete, then an update", forgetting("update")},
		{"a second delete says that it succeeded", "delete", "refused", "two deletes", forgetting("delete")},
		{"a delete of an id that never was succeeds", "delete", "refused", "a delete of an unknown id", alone("delete", unknownID, just("delete"))},
		{"an update of an id that never was succeeds", "update", "refused", "an update of an unknown id", alone("update", unknownID, just("update"))},
		{"an update to its own name is refused", "update", "accepted", "an update that keeps the name", always(func(m *mock, c *call) *reply {
			if c.is("update") && len(m.list(c, "connector_name="+url.QueryEscape(c.text("connector_name")))) > 0 && m.find(c, c.id) != nil {
				return refusal(400, "MRS.0010", "Dataconnector error. The name already exists.")
			}
			return m.answer(c)
		})},
		{"a deleted connection keeps its name", "create", "accepted", "a create, a delete, a create under the same name", keepingNames("delete")},
		{"a renamed connection keeps its old name", "create update", "accepted", "a create, an update to another name, a create under the first", keepingNames("update")},
		{"names are compared without their case", "create", "accepted", "creates under `a` and `A`", always(func(m *mock, c *call) *reply {
			if c.is("create") {
				for _, item := range m.list(c, "") {
					if name := item["connector_name"].(string); strings.EqualFold(name, c.text("connector_name")) && name != c.text("connector_name") {
						return refusal(400, "MRS.0010", "Dataconnector error. The name already exists.")
					}
				}
			}
			return m.answer(c)
		})},
		{"an id is used again after a delete", "create", "unique-id", "a create, a delete, a create", twist{serve: func() behaviour {
			renamed := newAliases()
			return renamed.behave
		}}},

		{"an invalid create is refused but stored", "create", "trace", "a create with an invalid source_info, then a list", afterRefusing("create", "source_info", func(m *mock, c *call) { storeAnyway(m, c) })},
		{"a create without user_name is refused but stored", "create", "trace", "a create whose source_info lacks user_name, then a list", afterRefusing("create", "user_name", func(m *mock, c *call) { storeAnyway(m, c) })},
		{"a create under a taken name is refused but carried out on the one that has it", "create", "trace", "two creates under one name, then a list", afterRefusing("create", takenName, func(m *mock, c *call) { overwrite(m, c) })},
		{"an invalid update is refused but changes the name", "update", "trace", "an update with another name and an invalid source_info, then a list", afterRefusing("update", "source_info", func(m *mock, c *call) {
			if old := m.find(c, c.id); old != nil {
				old["connector_name"] = "half-" + c.id
				m.put(c, old)
			}
		})},
		{"an invalid update is refused but empties what it can", "update", "trace", "an invalid update, then a list", afterRefusing("update", anyRefusal, func(m *mock, c *call) {
			if old := m.find(c, c.id); old != nil {
				inside(setKey("user_name", "unset"))(old)
				m.put(c, old)
			}
		})},
		{"an update with another type is refused but changes the rest", "update", "trace", "an update with another type and another source_info, then a list", afterRefusing("update", otherType, func(m *mock, c *call) {
			if old := m.find(c, c.id); old != nil {
				inside(setKey("user_name", "other"))(old)
				m.put(c, old)
			}
		})},
		{"an update to a taken name is refused but changes the rest", "update", "trace read-back", "an update to a taken name with another source_info, then a list", afterRefusing("update", takenName, func(m *mock, c *call) {
			if old := m.find(c, c.id); old != nil {
				inside(setKey("user_name", "other"))(old)
				m.put(c, old)
			}
		})},
		{"an invalid update is refused but deletes", "update", "trace", "an invalid update, then a list", afterRefusing("update", anyRefusal, func(m *mock, c *call) { m.delete(c, c.id) })},
		{"a wrong media type is refused on create but stored", "create", "trace", "a create as text/plain, then a list", afterRefusing("create", "media type", func(m *mock, c *call) {
			m.send(c.request.Context(), http.MethodPost, pathOf(c.project, ""), c.body)
		})},
		{"a wrong media type is refused on update but carried out", "update", "trace", "an update as text/plain, then a list", afterRefusing("update", "media type", func(m *mock, c *call) {
			if old := m.find(c, c.id); old != nil {
				inside(setKey("user_name", "other"))(old)
				m.put(c, old)
			}
		})},

		{"a project lists the connections of all", "list", "isolation", "a create in one project, then a list of another", everywhere("list", anyCall)},
		{"a project finds the connections of others by id", "list", "isolation", "a create in one project, then a list of another by its id", everywhere("list", func(c *call) bool { return c.query("connector_id") != "" })},
		{"a connection can be updated through another project", "update", "isolation refused", "a create in one project, then an update in another", everywhere("update", anyCall)},
		{"a connection can be deleted through another project", "delete", "isolation refused", "a create in one project, then a delete in another", everywhere("delete", anyCall)},
		{"an update through another project is refused but carried out", "update list", "isolation trace", "a create in one project, an update in another, then a list", behindTheBack("update")},
		{"a delete through another project is refused but carried out", "delete list", "isolation trace", "a create in one project, a delete in another, then a list", behindTheBack("delete")},
		{"a name is free in all projects or in none", "create", "isolation accepted", "creates under one name in two projects", remembering(func(n *notes, m *mock, c *call) *reply {
			name := c.text("connector_name")
			if home := n.get(name); c.is("create") && home != "" && home != c.project {
				return refusal(400, "MRS.0010", "Dataconnector error. The name already exists.")
			}
			r := m.answer(c)
			if c.is("create") && r.ok() {
				n.set(name, c.project)
			}
			return r
		})},
	}
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func asciiOnly(text string) string {
	return strings.Map(func(c rune) rune {
		if c > 126 {
			return '?'
		}
		return c
	}, text)
}

func onlyKnown(info map[string]any) {
	maps.DeleteFunc(info, func(name string, _ any) bool {
		return !slices.Contains([]string{"db_name", "user_name", "password", "rds_instance_id"}, name)
	})
}

func pick(item map[string]any, names ...string) map[string]any {
	picked := map[string]any{}
	for _, name := range names {
		picked[name] = item[name]
	}
	return picked
}

func withPassword(info map[string]any) map[string]any {
	info["password"] = "changed"
	return info
}

func lowerName(_ *mock, _ *call, sent map[string]any) {
	sent["connector_name"] = strings.ToLower(sent["connector_name"].(string))
}

func keep(m *mock, c *call, sent map[string]any, name string) {
	if old := m.find(c, c.id); old != nil {
		sent[name] = old[name]
	}
}

func keepInside(m *mock, c *call, sent map[string]any, name string) {
	if old := m.find(c, c.id); old != nil {
		inside(setKey(name, opened(old)[name]))(sent)
	}
}

// overwrite updates the connection that has the name of the call, and gives its id.
func overwrite(m *mock, c *call) any {
	list := m.list(c, "connector_name="+url.QueryEscape(c.text("connector_name")))
	if len(list) == 0 {
		return ""
	}
	inside(setKey("user_name", "overwritten"))(list[0])
	m.put(c, list[0])
	return list[0]["connector_id"]
}

// storeAnyway stores an invalid connection under its name, with a source_info that the mock takes.
func storeAnyway(m *mock, c *call) {
	sent := pick(c.sent(), "connector_name", "source_type")
	sent["source_info"] = soundInfo(sent["source_type"])
	m.send(c.request.Context(), http.MethodPost, pathOf(c.project, ""), []byte(jsonText(map[string]any{"data_connector": sent})))
}

// cached keeps the answers to lists until one of the operations is carried out.
func cached(clearing string) twist {
	return twist{serve: func() behaviour {
		answers := newNotes()
		return func(m *mock, c *call) *reply {
			key := c.request.URL.String()
			if kept := answers.get(key); c.is("list") && kept != "" {
				r := success("list")
				r.body = kept
				return r
			}
			r := m.answer(c)
			switch {
			case c.is("list") && r.ok():
				answers.set(key, r.body)
			case c.is(clearing) && r.ok():
				answers.clear()
			}
			return r
		}
	}}
}

// forgetting says that the operation succeeded on connections that are deleted.
func forgetting(operation string) twist {
	return remembering(func(n *notes, m *mock, c *call) *reply {
		if c.is(operation) && n.get(c.id) != "" && (operation == "delete" || m.wouldAccept(c)) {
			return success(operation)
		}
		r := m.answer(c)
		if c.is("delete") && r.ok() {
			n.set(c.id, "deleted")
		}
		return r
	})
}

// keepingNames keeps names taken that the operation freed.
func keepingNames(operation string) twist {
	return remembering(func(n *notes, m *mock, c *call) *reply {
		name := c.text("connector_name")
		if (c.is("create") || c.is("update")) && n.get(c.project+" "+name) != "" && len(m.list(c, "connector_name="+url.QueryEscape(name))) == 0 {
			return refusal(400, "MRS.0010", "Dataconnector error. The name already exists.")
		}
		old := map[string]any{}
		if c.is(operation) {
			old = m.find(c, c.id)
		}
		r := m.answer(c)
		if was, ok := old["connector_name"].(string); ok && r.ok() && was != name {
			n.set(c.project+" "+was, "taken")
		}
		return r
	})
}

// everywhere carries calls out that fit in the project that has the connection.
func everywhere(operation string, fits func(*call) bool) twist {
	return remembering(func(n *notes, m *mock, c *call) *reply {
		if c.is("create") {
			r := m.answer(c)
			if id, _ := r.object()["connector_id"].(string); r.ok() {
				n.set(id, c.project)
				n.set("last", c.project)
			}
			return r
		}
		home := or(n.get(or(c.id, c.query("connector_id"))), n.get("last"))
		if c.is(operation) && home != "" && fits(c) && wellFormedProject(c) {
			c.setPath(home, c.id)
		}
		return m.answer(c)
	})
}

func wellFormedProject(c *call) bool {
	return regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`).MatchString(c.project)
}

// behindTheBack refuses what comes through another project, and carries it out where the connection is.
func behindTheBack(operation string) twist {
	return remembering(func(n *notes, m *mock, c *call) *reply {
		r := m.answer(c)
		if id, _ := r.object()["connector_id"].(string); c.is("create") && r.ok() {
			n.set(id, c.project)
		}
		if home := n.get(c.id); c.is(operation) && strings.Contains(r.body, unknownID) && home != "" && home != c.project {
			c.setPath(home, c.id)
			m.answer(c)
		}
		return r
	})
}

// aliases gives connections other ids than the mock does: that of a deleted one comes back.
type aliases struct {
	mu    sync.Mutex        // guards all below
	inner map[string]string // by the id that clients know
	free  []string
	fresh func() string // makes an id where none is free; nil keeps the mock's
}

func newAliases() *aliases { return &aliases{inner: map[string]string{}} }

func (a *aliases) behave(m *mock, c *call) *reply {
	a.mu.Lock()
	defer a.mu.Unlock()
	outer := c.id
	if id, ok := a.inner[c.id]; ok {
		c.setPath(c.project, id)
	}
	if id, ok := a.inner[c.query("connector_id")]; ok {
		c.setQuery("connector_id", id)
	}
	r := m.answer(c)
	switch {
	case !r.ok():
	case c.is("create"):
		id := r.object()["connector_id"].(string)
		known := id
		if len(a.free) > 0 && a.fresh == nil {
			known, a.free = a.free[0], a.free[1:]
		}
		if a.fresh != nil {
			known = a.fresh()
		}
		a.inner[known] = id
		r.body = strings.ReplaceAll(r.body, id, known)
	case c.is("delete"):
		delete(a.inner, outer)
		a.free = append(a.free, outer)
	case c.is("list"):
		eachItem(func(item map[string]any) {
			for known, id := range a.inner {
				if item["connector_id"] == id {
					item["connector_id"] = known
					return
				}
			}
		})(r)
	}
	return r
}

// collectionMutants page, count, sort and filter in another way.
func collectionMutants() []mutant {
	type query = mockserver.Query
	type collection = mockserver.Collection
	page := func(change func(c collection, q query) query) twist {
		return listsAs(func(c collection, q query) ([]mockserver.Document, int, error) { return c.List(change(c, q)) })
	}
	totals := func(change func(c collection, q query, list []mockserver.Document, total int) int) twist {
		return listsAs(func(c collection, q query) ([]mockserver.Document, int, error) {
			list, total, err := c.List(q)
			return list, change(c, q, list, total), err
		})
	}
	ignoring := func(names ...string) twist {
		return beforeListing(func(c *call) { c.dropQuery(names...) })
	}
	exact := func(name, has, asked string) bool { return has == asked }
	onName := func(same func(has, asked string) bool) twist {
		return asking(func(n, has, asked string) bool {
			if n == "connector_name" {
				return same(has, asked)
			}
			return exact(n, has, asked)
		})
	}
	const three = "three creates, then a list with "
	return []mutant{
		{"list ignores limit", "list", "limit", "two creates, then a list with limit=1", ignoring("limit")},
		{"list gives one more than limit", "list", "limit", "two creates, then a list with limit=1", page(func(_ collection, q query) query { q.Limit++; return q })},
		{"list gives one less than limit", "list", "pages", three + "limit=2", page(func(_ collection, q query) query { q.Limit = max(1, q.Limit-1); return q })},
		{"list ignores limit when filtered", "list", "limit", three + "limit=1 and source_type", beforeListing(func(c *call) {
			if c.query("source_type") != "" || c.query("connector_name") != "" {
				c.dropQuery("limit")
			}
		})},
		{"list ignores limit when an offset is given", "list", "limit", three + "limit=1&offset=1", beforeListing(func(c *call) {
			if offsetAboveZero(c) {
				c.dropQuery("limit")
			}
		})},
		{"list takes a limit of 1 for none", "list", "limit", "two creates, then a list with limit=1", beforeListing(func(c *call) {
			if c.query("limit") == "1" {
				c.dropQuery("limit")
			}
		})},
		{"list shows 2 where no limit is given", "list create", "listed pages total", "three creates, then a list", withoutLimit(2)},
		{"list shows 5 where no limit is given", "list create", "listed pages total", "six creates, then a list", withoutLimit(5)},
		{"list shows 10 where no limit is given", "list create", "listed pages total", "eleven creates, then a list", withoutLimit(10)},
		{"list ignores offset", "list", "pages", "two creates, then a list with offset=1", ignoring("offset")},
		{"list leaves out one more than offset", "list", "pages", "two creates, then a list with offset=1", page(func(_ collection, q query) query {
			if q.Offset > 0 {
				q.Offset++
			}
			return q
		})},
		{"list leaves out one less than offset", "list", "pages", "two creates, then a list with offset=1", page(func(_ collection, q query) query { q.Offset = max(0, q.Offset-1); return q })},
		{"list leaves out the first one always", "list create", "listed total pages", "a create, then a list", beforeListing(func(c *call) {
			if c.query("offset") == "" && c.query("connector_id") == "" && c.query("connector_name") == "" {
				c.setQuery("offset", "1")
			}
		})},
		{"offset counts pages", "list", "pages", "five creates, then a list with limit=2&offset=2", page(func(_ collection, q query) query {
			if q.Limit < 1000 {
				q.Offset *= q.Limit
			}
			return q
		})},
		{"offset counts pages from 1", "list", "pages", "five creates, then a list with limit=2&offset=2", page(func(_ collection, q query) query {
			if q.Limit < 1000 && q.Offset > 0 {
				q.Offset = (q.Offset - 1) * q.Limit
			}
			return q
		})},
		{"list leaves the last page out where it is not full", "list", "pages", three + "limit=2&offset=2", listsAs(func(c collection, q query) ([]mockserver.Document, int, error) {
			list, total, err := c.List(q)
			if q.Offset > 0 && len(list) < q.Limit && q.Limit < 1000 {
				list = nil
			}
			return list, total, err
		})},
		{"list gives the last page again after the end", "list", "pages", "two creates, then a list with limit=1&offset=2", page(func(c collection, q query) query {
			if all := len(everything(c)); q.Limit < 1000 && q.Offset >= all && !narrowed(q) {
				q.Offset = max(0, all-q.Limit)
			}
			return q
		})},
		{"list repeats the last one of a page on the next", "list", "pages", three + "limit=2&offset=2", page(func(_ collection, q query) query {
			if q.Offset > 1 {
				q.Offset--
				q.Limit++
			}
			return q
		})},
		{"pages are sorted the other way from the second on", "list", "pages", three + "limit=1, page by page", listsAs(func(c collection, q query) ([]mockserver.Document, int, error) {
			if q.Offset == 0 || narrowed(q) {
				return c.List(q)
			}
			all := everything(c)
			all = slices.Clone(all)
			slices.Reverse(all)
			return pageOf(all, q), len(all), nil
		})},
		{"list turns by one with every request", "list", "order", "two lists of two", shuffled(func(items []map[string]any, nth int) {
			rotated := append(slices.Clone(items[nth%len(items):]), items[:nth%len(items)]...)
			copy(items, rotated)
		})},
		{"list is upside down every other time", "list", "order", "two lists of two", shuffled(func(items []map[string]any, nth int) {
			if nth%2 == 1 {
				slices.Reverse(items)
			}
		})},
		{"pages are cut from a list that turns with every request", "list", "order pages", "lists with limit=1 and limit=1&offset=1", twist{store: func(s mockserver.Store) mockserver.Store {
			var nth atomic.Int64
			return &storeTwist{Store: s, list: func(c collection, q query) ([]mockserver.Document, int, error) {
				all := everything(c)
				if narrowed(q) || len(all) == 0 {
					return c.List(q)
				}
				at := int(nth.Add(1)) % len(all)
				return pageOf(append(slices.Clone(all[at:]), all[:at]...), q), len(all), nil
			}}
		}}},

		{"the total is the length of the page", "list", "total", "two creates, then a list with limit=1", totals(func(_ collection, _ query, list []mockserver.Document, _ int) int { return len(list) })},
		{"the total ignores filters", "list", "total", "two creates, then a list of one by its id", totals(func(c collection, _ query, _ []mockserver.Document, _ int) int { return len(everything(c)) })},
		{"the total is one too many", "list", "total", "a list", totals(func(_ collection, _ query, _ []mockserver.Document, total int) int { return total + 1 })},
		{"the total is one too few", "list", "total", "a list of one", totals(func(_ collection, _ query, _ []mockserver.Document, total int) int { return max(0, total-1) })},
		{"the total is 0 always", "list", "total", "a list of one", totals(func(collection, query, []mockserver.Document, int) int { return 0 })},
		{"the total leaves out what the offset leaves out", "list", "total", "two creates, then a list with offset=1", totals(func(_ collection, q query, _ []mockserver.Document, total int) int { return max(0, total-q.Offset) })},
		{"the total is the number of pages", "list", "total", three + "limit=2", totals(func(_ collection, q query, _ []mockserver.Document, total int) int {
			return (total + q.Limit - 1) / q.Limit
		})},
		{"the total is 0 beyond the end", "list", "total", "a create, then a list with offset=1", totals(func(_ collection, q query, list []mockserver.Document, total int) int {
			if q.Offset > 0 && len(list) == 0 {
				return 0
			}
			return total
		})},
		{"the total counts deleted connections", "list delete", "total", "a create, a delete, then a list", remembering(func(n *notes, m *mock, c *call) *reply {
			r := m.answer(c)
			if c.is("delete") && r.ok() {
				n.count(c.project)
			}
			if c.is("list") && r.ok() && c.query("connector_id") == "" && c.query("connector_name") == "" && c.query("source_type") == "" {
				r.setList(r.items(), r.total()+len(n.get(c.project)))
			}
			return r
		})},
		{"the total ignores the filter by name", "list", "total", "two creates, then a list of one by its name", totals(func(c collection, q query, _ []mockserver.Document, total int) int {
			if q.Equal["connector_name"] != "" {
				return len(everything(c))
			}
			return total
		})},

		{"list ignores the filter connector_id", "list", "filter", "two creates, then a list of one by its id", ignoring("connector_id")},
		{"list ignores the filter source_type", "list", "filter", "creates of two types, then a list of one type", ignoring("source_type")},
		{"list ignores the filter connector_name", "list", "filter", "two creates, then a list of one by its name", ignoring("connector_name")},
		{"list filters names by their start", "list", "filter", "creates under `a` and `ab`, then a list with connector_name=a", onName(strings.HasPrefix)},
		{"list filters names by any part", "list", "filter", "creates under `a` and `ba`, then a list with connector_name=a", onName(strings.Contains)},
		{"list filters names without their case", "list", "filter", "creates under `a` and `A`, then a list with connector_name=a", onName(strings.EqualFold)},
		{"list takes `_` in names for any character", "list", "filter", "creates under `a_b` and `axb`, then a list with connector_name=a_b", onName(func(has, asked string) bool {
			if len(has) != len(asked) {
				return false
			}
			for i := range asked {
				if asked[i] != '_' && asked[i] != has[i] {
					return false
				}
			}
			return true
		})},
		{"list filters ids by their start", "list", "filter", "a create, then a list with the first half of its id", asking(func(n, has, asked string) bool {
			return exact(n, has, asked) || n == "connector_id" && strings.HasPrefix(has, asked)
		})},
		{"list filters ids without their case", "list", "filter", "a create, then a list with its id in capitals", asking(func(n, has, asked string) bool {
			return exact(n, has, asked) || n == "connector_id" && strings.EqualFold(has, asked)
		})},
		{"list filters types by their first letters", "list", "filter", "creates of RDS_MYSQL and RDS_POSTGRES, then a list of one", asking(func(n, has, asked string) bool {
			return exact(n, has, asked) || n == "source_type" && has[:3] == asked[:3]
		})},
		{"list shows nothing of gaussdb-mysql when filtered by it", "list", "filter listed", "a create and a list of gaussdb-mysql", asking(func(n, has, asked string) bool { return exact(n, has, asked) && asked != "gaussdb-mysql" })},
		{"list shows only the first of a type", "list", "filter", "two creates of one type, then a list of it", afterListing(func(c *call, r *reply) {
			if list := r.items(); c.query("source_type") != "" && len(list) > 1 && c.query("limit") == "" {
				r.setList(list[:1], 1)
			}
		})},
		{"list combines filters with OR", "list", "filter", "a list with the type of one and the name of another", always(func(m *mock, c *call) *reply {
			r := m.answer(c)
			if c.is("list") && r.ok() {
				r.oneOf(m.list(c, ""), c)
			}
			return r
		})},
		{"list takes the first filter alone", "list", "filter", "a list with the type of one and the name of another", beforeListing(func(c *call) {
			if c.query("connector_id") != "" {
				c.dropQuery("source_type", "connector_name")
			} else if c.query("source_type") != "" {
				c.dropQuery("connector_name")
			}
		})},
		{"list takes the last filter alone", "list", "filter", "a list with the type of one and the name of another", beforeListing(func(c *call) {
			if c.query("connector_name") != "" {
				c.dropQuery("source_type", "connector_id")
			}
		})},
		{"list shows all when no name fits", "list", "filter", "a create, then a list with a name that nobody has", allIfNone("connector_name")},
		{"list shows all when no id fits", "list", "filter", "a create, then a list with an id that nobody has", allIfNone("connector_id")},
		{"list filters after it has cut the page", "list", "filter pages", "creates of two types, then a list of the second type with limit=1", listsAs(func(c collection, q query) ([]mockserver.Document, int, error) {
			if q.Limit >= 1000 || q.Equal["source_type"] == "" {
				return c.List(q)
			}
			var kept []mockserver.Document
			for _, d := range pageOf(everything(c), q) {
				if fitsAll(d, q.Equal, exact) {
					kept = append(kept, d)
				}
			}
			_, total, err := c.List(q)
			return kept, total, err
		})},
		{"list shows the name that was asked for", "list", "filter read-back", "a list with a name that nobody has", afterListing(func(c *call, r *reply) {
			if name := c.query("connector_name"); name != "" && r.total() == 0 && len(c.request.URL.Query()) == 1 {
				r.setList([]map[string]any{{"connector_id": "0822239c1e80d4502f82c008937da9b5", "connector_name": name, "source_type": "RDS_MYSQL",
					"source_info": `{"db_name":"a","user_name":"a","rds_instance_id":"3aa55f1cb4c3491686936130f21e9f16in01"}`}}, 1)
			}
		})},
	}
}

// oneOf makes a list of all that pass one of the filters.
func (r *reply) oneOf(all []map[string]any, c *call) {
	var filters []string
	for _, name := range []string{"connector_id", "source_type", "connector_name"} {
		if c.query(name) != "" {
			filters = append(filters, name)
		}
	}
	if len(filters) < 2 {
		return
	}
	kept := slices.DeleteFunc(all, func(item map[string]any) bool {
		return !slices.ContainsFunc(filters, func(name string) bool { return item[name] == c.query(name) })
	})
	r.setList(kept, len(kept))
}

// beforeListing changes lists before the mock sees them, where it would not refuse them.
func beforeListing(change func(c *call)) twist {
	return always(func(m *mock, c *call) *reply {
		if c.is("list") && m.send(c.request.Context(), http.MethodGet, c.request.URL.RequestURI(), nil).ok() {
			change(c)
		}
		return m.answer(c)
	})
}

// afterListing changes the answers to lists.
func afterListing(change func(c *call, r *reply)) twist {
	return always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if c.is("list") && r.ok() {
			change(c, r)
		}
		return r
	})
}

// asking filters lists by another comparison and cuts the page afterwards; whether a name is free is judged as before.
func asking(same func(name, has, asked string) bool) twist {
	return always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if !c.is("list") || !r.ok() {
			return r
		}
		kept := slices.DeleteFunc(m.list(c, ""), func(item map[string]any) bool {
			for _, name := range []string{"connector_id", "source_type", "connector_name"} {
				if asked := c.query(name); c.request.URL.Query().Has(name) && !same(name, fmt.Sprint(item[name]), asked) {
					return true
				}
			}
			return false
		})
		var limit, offset int
		_, _ = fmt.Sscan(c.query("limit"), &limit)
		_, _ = fmt.Sscan(c.query("offset"), &offset)
		total := len(kept)
		kept = kept[min(offset, total):]
		if limit > 0 {
			kept = kept[:min(limit, len(kept))]
		}
		r.setList(kept, total)
		return r
	})
}

// withoutLimit shows at most so many where the request names no limit.
func withoutLimit(most int) twist {
	return beforeListing(func(c *call) {
		if c.query("limit") == "" {
			c.setQuery("limit", fmt.Sprint(most))
		}
	})
}

// shuffled puts the items of a list into another order, by the number of the request.
func shuffled(change func(items []map[string]any, nth int)) twist {
	return twist{serve: func() behaviour {
		var nth atomic.Int64
		return func(m *mock, c *call) *reply {
			r := m.answer(c)
			if list := r.items(); c.is("list") && len(list) > 1 {
				change(list, int(nth.Add(1)))
				r.setList(list, r.total())
			}
			return r
		}
	}}
}

func allIfNone(parameter string) twist {
	return always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if c.is("list") && r.ok() && c.query(parameter) != "" && r.total() == 0 {
			c.dropQuery(parameter)
			return m.answer(c)
		}
		return r
	})
}
