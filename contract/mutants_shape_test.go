package contract_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// shapeMutants answer with bodies that their schemas do not allow.
func shapeMutants() []mutant {
	return []mutant{
		{"create calls the new id `id`", "create", "body created-id", "a create", says("create", object(renameKey("connector_id", "id")))},
		{"create gives the id in capitals", "create", "body", "a create", says("create", object(func(b map[string]any) { b["connector_id"] = strings.ToUpper(b["connector_id"].(string)[:31]) + "A" }))},
		{"create gives the id as a UUID with dashes", "create", "body", "a create", says("create", object(func(b map[string]any) { b["connector_id"] = dashed(b["connector_id"].(string)) }))},
		{"create gives an id of 31 digits", "create", "body", "a create", says("create", object(func(b map[string]any) { b["connector_id"] = b["connector_id"].(string)[1:] }))},
		{"create gives an id of 33 digits", "create", "body", "a create", says("create", object(func(b map[string]any) { b["connector_id"] = "0" + b["connector_id"].(string) }))},
		{"create gives the id with a newline at its end", "create", "body", "a create", says("create", object(func(b map[string]any) { b["connector_id"] = b["connector_id"].(string) + "\n" }))},
		{"create gives the id as a number", "create", "body", "a create", says("create", object(setKey("connector_id", 17)))},
		{"create gives the id null", "create", "body created-id", "a create", says("create", object(setKey("connector_id", nil)))},
		{"create answers with a list", "create", "body", "a create", says("create", func(r *reply) { r.body = "[" + r.body + "]" })},
		{"create answers null", "create", "body", "a create", says("create", body("null"))},
		{"create answers with nothing but the id as text", "create", "body", "a create", says("create", func(r *reply) { r.body = jsonText(r.object()["connector_id"]) })},
		{"create wraps its answer in `data`", "create", "body", "a create", says("create", func(r *reply) { r.body = `{"data":` + r.body + `}` })},
		{"update says `succeed`", "update", "body", "an update", says("update", object(setKey("result", "succeed")))},
		{"update says `SUCCEEDED`", "update", "body", "an update", says("update", object(setKey("result", "SUCCEEDED")))},
		{"update says true", "update", "body", "an update", says("update", object(setKey("result", true)))},
		{"update says null", "update", "body", "an update", says("update", object(setKey("result", nil)))},
		{"update answers with an empty object", "update", "body", "an update", says("update", object(dropKey("result")))},
		{"update answers with a list of results", "update", "body", "an update", says("update", object(setKey("result", []any{"succeeded"})))},
		{"list gives the total as text", "list", "body", "a list", says("list", object(func(b map[string]any) { b["total_count"] = fmt.Sprint(b["total_count"]) }))},
		{"list gives a total with a fraction", "list", "body", "a list", says("list", object(func(b map[string]any) { b["total_count"] = 0.5 }))},
		{"list gives -1 as the total of nothing", "list", "body total", "a list filtered by an id that nobody has", says("list", func(r *reply) {
			if r.total() == 0 {
				r.setList(nil, -1)
			}
		})},
		{"list gives no total", "list", "body", "a list", says("list", object(dropKey("total_count")))},
		{"list gives null for an empty list", "list", "body", "a list filtered by an id that nobody has", says("list", emptyList(setKey("data_connectors", nil)))},
		{"list leaves an empty list out", "list", "body", "a list filtered by an id that nobody has", says("list", emptyList(dropKey("data_connectors")))},
		{"list gives an object instead of an empty list", "list", "body", "a list filtered by an id that nobody has", says("list", emptyList(setKey("data_connectors", map[string]any{})))},
		{"list gives one item without a list around it", "list", "body", "a list of one", says("list", func(r *reply) {
			if list := r.items(); len(list) == 1 {
				r.setBody(map[string]any{"total_count": 1, "data_connectors": list[0]})
			}
		})},
		{"list gives a bare list", "list", "body", "a list", says("list", func(r *reply) { r.setBody(r.items()) })},
		{"list wraps its answer in `data`", "list", "body", "a list", says("list", func(r *reply) { r.body = `{"data":` + r.body + `}` })},
		{"list writes its keys in camel case", "list", "body", "a list", says("list", object(func(b map[string]any) {
			renameKey("total_count", "totalCount")(b)
			renameKey("data_connectors", "dataConnectors")(b)
		}))},
		{"list leaves out names", "list", "body", "a list of one", says("list", eachItem(dropKey("connector_name")))},
		{"list gives null names", "list", "body", "a list of one", says("list", eachItem(setKey("connector_name", nil)))},
		{"list leaves out types", "list", "body", "a list of one", says("list", eachItem(dropKey("source_type")))},
		{"list leaves out ids", "list", "body", "a list of one", says("list", eachItem(dropKey("connector_id")))},
		{"list leaves out source_info", "list", "body", "a list of one", says("list", eachItem(dropKey("source_info")))},
		{"list gives ids with dots", "list", "body", "a list of one", says("list", eachItem(func(i map[string]any) { i["connector_id"] = i["connector_id"].(string)[:31] + "." }))},
		{"list writes types in small letters", "list", "body", "a list of RDS_MYSQL", says("list", eachItem(func(i map[string]any) { i["source_type"] = strings.ToLower(i["source_type"].(string)) }))},
		{"list says TaurusDB where the document says gaussdb-mysql", "list", "body", "a list of gaussdb-mysql", says("list", eachItem(ofType("gaussdb-mysql", setKey("source_type", "TaurusDB"))))},
		{"list gives times as text", "list", "body", "a list of one", says("list", eachItem(setKey("create_time", "2024-12-10T03:06:40Z")))},
		{"list gives times in seconds with a fraction", "list", "body", "a list of one", says("list", eachItem(setKey("create_time", 1733800000.5)))},
		{"list gives null for the time of the last change", "list", "body", "a list of one", says("list", eachItem(setKey("last_update_time", nil)))},
		{"list gives the status in words", "list", "body", "a list of one", says("list", eachItem(setKey("status", "available")))},
		{"list gives the kind of encryption as a boolean", "list", "body", "a list of one", says("list", eachItem(setKey("encrypt_type", false)))},
		{"list gives the clusters as a list", "list", "body", "a list of one", says("list", eachItem(setKey("used_clusters", []any{})))},
		{"list gives the tenant as a number", "list", "body", "a list of one", says("list", eachItem(setKey("tenant_id", 5)))},
		{"list puts null among its items", "list", "body", "a list of one", says("list", func(r *reply) { r.body = strings.Replace(r.body, `}]`, `},null]`, 1) })},

		{"create refuses with `message` alone", "create", "error-body", "an invalid create", saysRefusing("create", body(`{"message":"no"}`))},
		{"create refuses with a code that is a number", "create", "error-body", "an invalid create", saysRefusing("create", object(setKey("error_code", 12000002)))},
		{"update refuses with no code", "update", "error-body", "an invalid update", saysRefusing("update", object(dropKey("error_code")))},
		{"update refuses with an empty message", "update", "error-body", "an invalid update", saysRefusing("update", object(setKey("error_msg", "")))},
		{"delete refuses with no message", "delete", "error-body", "a delete of an unknown id", saysRefusing("delete", object(dropKey("error_msg")))},
		{"delete refuses with an empty body", "delete", "error-body json", "a delete of an unknown id", saysRefusing("delete", body(""))},
		{"list refuses with a list of errors", "list", "error-body", "a list with limit=0", saysRefusing("list", func(r *reply) { r.body = "[" + r.body + "]" })},
		{"list refuses with the message null", "list", "error-body", "a list with limit=0", saysRefusing("list", object(setKey("error_msg", nil)))},
		{"a wrong media type is refused without a request id in the body", "create update", "error-body", "a create as text/plain", saysRefusing("create update", object(dropKey("request_id")), 415)},
		{"only the refusal of a taken name has another shape", "create", "error-body", "a create under a taken name", saysTo("create", takenName, body(`{"error":{"code":"MRS.0010"}}`))},
		{"only the refusal of another type has another shape", "update", "error-body", "an update with another type", saysTo("update", otherType, body(`{"error":{"code":"MRS.0010"}}`))},
		{"only the refusal of a bad source_info has another shape", "create", "error-body", "a create whose source_info is not JSON", saysTo("create", "source_info", body(`{"errors":["source_info"]}`))},
	}
}

func dashed(id string) string {
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

func emptyList(change func(map[string]any)) func(*reply) {
	return object(func(b map[string]any) {
		if list, _ := b["data_connectors"].([]any); len(list) == 0 {
			change(b)
		}
	})
}

// embeddedAnswerMutants list JSON inside source_info that is none, or that its schema does not allow.
func embeddedAnswerMutants() []mutant {
	always := func(name, shown string, change func(item map[string]any)) mutant {
		return mutant{name, "list", "embedded-json", shown, says("list", eachItem(change))}
	}
	const one, quote, long = "a list of one", "a list of one whose user name holds a quote", "a list of one whose source_info is long"
	return []mutant{
		always("source_info is no JSON", one, setKey("source_info", "default@3aa55f1cb4c3491686936130f21e9f16in01")),
		always("source_info is cut off by one character", one, infoText(func(s string) string { return s[:len(s)-1] })),
		always("source_info is cut off in the middle", one, infoText(func(s string) string { return s[:len(s)/2] })),
		always("source_info is encoded twice", one, infoText(func(s string) string { return jsonText(s) })),
		always("source_info is in Base64", one, infoText(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })),
		always("source_info is URL-encoded", one, infoText(url.QueryEscape)),
		always("source_info is escaped for HTML", one, infoText(func(s string) string { return strings.ReplaceAll(s, `"`, "&quot;") })),
		always("source_info has single quotes", one, infoText(func(s string) string { return strings.ReplaceAll(s, `"`, "'") })),
		always("source_info is the printed form of a map", one, func(i map[string]any) { i["source_info"] = fmt.Sprint(opened(i)) }),
		always("source_info has keys without quotes", one, infoText(func(s string) string { return strings.Replace(s, `"db_name"`, "db_name", 1) })),
		always("source_info has a comma too many", one, infoText(func(s string) string { return strings.TrimSuffix(s, "}") + ",}" })),
		always("source_info has a comment", one, infoText(func(s string) string { return "/* connection */" + s })),
		always("source_info is followed by more bytes", one, infoText(func(s string) string { return s + ";" })),
		always("source_info is followed by a NUL byte", one, infoText(func(s string) string { return s + "\x00" })),
		always("source_info is two documents", one, infoText(func(s string) string { return s + s })),
		always("source_info starts with a byte order mark", one, infoText(func(s string) string { return "\ufeff" + s })),
		always("source_info holds an escape that does not exist", one, infoText(func(s string) string { return strings.Replace(s, `":"`, `":"\q`, 1) })),
		always("source_info holds a raw newline inside a text", one, infoText(func(s string) string { return strings.Replace(s, `":"`, "\":\"\n", 1) })),
		always("source_info holds NaN", one, infoText(func(s string) string { return strings.Replace(s, "{", `{"port":NaN,`, 1) })),
		always("source_info has db_name twice", one, infoText(func(s string) string { return strings.Replace(s, "{", `{"db_name":"x",`, 1) })),
		always("source_info is empty text", one, setKey("source_info", "")),
		always("source_info is the text null", one, setKey("source_info", "null")),
		always("source_info is an array", one, infoText(func(s string) string { return "[" + s + "]" })),
		always("source_info is an empty object", one, setKey("source_info", "{}")),
		{"source_info is an object instead of text", "list", "body embedded-json", one, says("list", eachItem(func(i map[string]any) { i["source_info"] = opened(i) }))},
		{"source_info is null instead of text", "list", "body embedded-json", one, says("list", eachItem(setKey("source_info", nil)))},
		always("source_info lacks db_name", one, inside(dropKey("db_name"))),
		always("source_info lacks user_name", one, inside(dropKey("user_name"))),
		always("source_info lacks rds_instance_id", one, inside(dropKey("rds_instance_id"))),
		always("source_info has db_name in camel case", one, inside(renameKey("db_name", "dbName"))),
		always("source_info calls the instance instance_id", one, inside(renameKey("rds_instance_id", "instance_id"))),
		always("source_info has its values one level deeper", one, func(i map[string]any) {
			i["source_info"] = jsonText(map[string]any{"connection": opened(i)})
		}),
		always("db_name is a number", one, inside(setKey("db_name", 1))),
		always("db_name is empty", one, inside(setKey("db_name", ""))),
		always("db_name is a list", one, inside(func(i map[string]any) { i["db_name"] = []any{i["db_name"]} })),
		always("user_name is null", one, inside(setKey("user_name", nil))),
		always("user_name is an object", one, inside(setKey("user_name", map[string]any{"name": "root"}))),
		always("rds_instance_id is cut to 35 characters", one, inside(editInfo("rds_instance_id", func(s string) string { return s[1:] }))),
		always("rds_instance_id is masked", one, inside(setKey("rds_instance_id", "3aa5****in01"))),
		always("rds_instance_id has a dash", one, inside(editInfo("rds_instance_id", func(s string) string { return "-" + s[1:] }))),
		always("rds_instance_id ends with a newline", one, inside(editInfo("rds_instance_id", func(s string) string { return s + "\n" }))),
		always("only gaussdb-mysql: the instance is one of RDS", "a list of gaussdb-mysql", ofType("gaussdb-mysql", inside(editInfo("rds_instance_id", func(s string) string { return s[:32] + "in01" })))),
		always("only gaussdb-mysql: the instance is in capitals", "a list of gaussdb-mysql", ofType("gaussdb-mysql", inside(editInfo("rds_instance_id", strings.ToUpper)))),
		always("only gaussdb-mysql: source_info is cut off", "a list of gaussdb-mysql", ofType("gaussdb-mysql", infoText(func(s string) string { return s[:len(s)-2] }))),
		always("only RDS_POSTGRES: source_info has other keys", "a list of RDS_POSTGRES", ofType("RDS_POSTGRES", inside(func(i map[string]any) {
			renameKey("db_name", "database")(i)
			renameKey("user_name", "user")(i)
		}))),
		always("only RDS_POSTGRES: user_name is missing", "a list of RDS_POSTGRES", ofType("RDS_POSTGRES", inside(dropKey("user_name")))),
		always("only RDS_POSTGRES: source_info is a connection string", "a list of RDS_POSTGRES", ofType("RDS_POSTGRES", setKey("source_info", "host=a dbname=hivemeta user=root"))),
		always("only RDS_MYSQL: source_info is encoded twice", "a list of RDS_MYSQL", ofType("RDS_MYSQL", infoText(func(s string) string { return jsonText(s) }))),
		{"RDS_MYSQL is listed as gaussdb-mysql", "list", "embedded-json read-back", "a list of RDS_MYSQL", says("list", eachItem(ofType("RDS_MYSQL", setKey("source_type", "gaussdb-mysql"))))},
		always("a quote in user_name is not escaped", quote, infoText(func(s string) string { return strings.ReplaceAll(s, `\"`, `"`) })),
		always("source_info is cut to 100 characters", one, infoText(cut(100))),
		always("source_info is cut to 255 characters", long, infoText(cut(255))),
		{"source_info is cut off in the third item of a list", "list", "embedded-json", "a list of three", says("list", items(func(at int, item map[string]any) {
			if at == 2 {
				infoText(cut(20))(item)
			}
		}))},
		{"source_info is no JSON in the last item of a list of two or more", "list", "embedded-json", "a list of two", says("list", func(r *reply) {
			list, total := r.items(), r.total()
			if len(list) > 1 {
				list[len(list)-1]["source_info"] = "<null>"
			}
			r.setList(list, total)
		})},
		{"source_info is no JSON on the second page", "list", "embedded-json", "a list with offset=1", saysIf("list", offsetAboveZero, eachItem(setKey("source_info", "object")))},
		{"source_info lacks db_name when a limit is given", "list", "embedded-json", "a list with limit=1", saysIf("list", func(c *call) bool { return c.query("limit") != "" }, eachItem(inside(dropKey("db_name"))))},
		{"source_info is encoded twice when filtered by type", "list", "embedded-json", "a list with source_type", saysIf("list", func(c *call) bool { return c.query("source_type") != "" }, eachItem(infoText(func(s string) string { return jsonText(s) })))},
		{"source_info is an array when filtered by name", "list", "embedded-json", "a list with connector_name", saysIf("list", func(c *call) bool { return c.query("connector_name") != "" }, eachItem(infoText(func(s string) string { return "[" + s + "]" })))},
		{"source_info is encoded twice after an update", "list", "embedded-json", "a list after an update", afterUpdate(infoText(func(s string) string { return jsonText(s) }))},
		{"source_info lacks rds_instance_id after an update", "list", "embedded-json", "a list after an update", afterUpdate(inside(dropKey("rds_instance_id")))},
		{"source_info is no JSON when the name is longer than 60", "list", "embedded-json", "a list of one with a name of 64", says("list", eachItem(func(i map[string]any) {
			if len(i["connector_name"].(string)) > 60 {
				i["source_info"] = "null,"
			}
		}))},
	}
}

func editInfo(name string, edit func(string) string) func(info map[string]any) {
	return func(info map[string]any) {
		if text, ok := info[name].(string); ok {
			info[name] = edit(text)
		}
	}
}

func cut(most int) func(string) string {
	return func(s string) string { return s[:min(most, len(s))] }
}

func offsetAboveZero(c *call) bool { return c.query("offset") != "" && c.query("offset") != "0" }

// afterUpdate changes how items are listed that have been updated.
func afterUpdate(change func(item map[string]any)) twist {
	return twist{serve: func() behaviour {
		updated := newNotes()
		return func(m *mock, c *call) *reply {
			r := m.answer(c)
			if c.is("update") && r.ok() {
				updated.set(c.id, "yes")
			}
			if c.is("list") && r.ok() {
				eachItem(func(item map[string]any) {
					if updated.get(item["connector_id"].(string)) != "" {
						change(item)
					}
				})(r)
			}
			return r
		}
	}}
}

// embeddedRequestMutants accept source_info that its schema does not allow. A kind of fault is tried on create for each
// type, because servers judge each in code of its own, and on update for all types at once.
func embeddedRequestMutants() []mutant {
	var rows []mutant
	for _, fault := range embeddedFaults() {
		for _, name := range sourceTypes() {
			rows = append(rows, mutant{"create accepts a source_info that " + fault.name + ", of " + name, "create", "refused", "a create of " + name + " whose source_info " + fault.name,
				forgivesSent("create", func(sent map[string]any) {
					if sent["source_type"] == name {
						fault.repair(sent)
					}
				})})
		}
		rows = append(rows, mutant{"update accepts a source_info that " + fault.name, "update", "refused", "an update whose source_info " + fault.name, forgivesSent("update", func(sent map[string]any) {
			if isSourceType(sent["source_type"]) {
				fault.repair(sent)
			}
		})})
	}
	rows = append(rows, mutant{"create accepts an instance of RDS for gaussdb-mysql", "create", "refused", "a create of gaussdb-mysql whose instance ends in01", forgivesSent("create", taurusInstance)},
		mutant{"update accepts an instance of RDS for gaussdb-mysql", "update", "refused", "an update of gaussdb-mysql whose instance ends in01", forgivesSent("update", taurusInstance)},
		mutant{"create does not look into the source_info of RDS_POSTGRES", "create", "refused", "a create of RDS_POSTGRES without user_name", forgivesSent("create", func(sent map[string]any) {
			if name, _ := sent["source_type"].(string); name == "RDS_POSTGRES" {
				sent["source_info"] = soundInfo(name)
			}
		})})
	return rows
}

func sourceTypes() []string { return []string{"RDS_MYSQL", "RDS_POSTGRES", "gaussdb-mysql"} }

func isSourceType(value any) bool {
	for _, name := range sourceTypes() {
		if value == name {
			return true
		}
	}
	return false
}

func taurusInstance(sent map[string]any) {
	if sent["source_type"] == "gaussdb-mysql" {
		inside(editInfo("rds_instance_id", func(s string) string {
			if strings.HasSuffix(s, "in07") || len(s) != 36 {
				return s
			}
			return s[:32] + "in07"
		}))(sent)
	}
}

// soundInfo is a source_info that keeps its schema.
func soundInfo(sourceType any) string {
	end := "in01"
	if sourceType == "gaussdb-mysql" {
		end = "in07"
	}
	return `{"db_name":"default","user_name":"mrs","password":"repaired","rds_instance_id":"3aa55f1cb4c3491686936130f21e9f16` + end + `"}`
}

// embeddedFault is a fault of source_info, and what takes it away.
type embeddedFault struct {
	name   string
	repair func(sent map[string]any)
}

func embeddedFaults() []embeddedFault {
	whole := func(name string, broken func(text string, value any) bool) embeddedFault {
		return embeddedFault{name, func(sent map[string]any) {
			text, ok := sent["source_info"].(string)
			if ok && broken(text, anyJSON(text)) {
				sent["source_info"] = soundInfo(sent["source_type"])
			}
		}}
	}
	key := func(name, key string, broken func(value any, there bool) bool) embeddedFault {
		return embeddedFault{name, func(sent map[string]any) {
			info := opened(sent)
			value, there := info[key]
			if info != nil && broken(value, there) {
				sound := opened(map[string]any{"source_info": soundInfo(sent["source_type"])})
				info[key] = sound[key]
				sent["source_info"] = jsonText(info)
			}
		}}
	}
	missing := func(_ any, there bool) bool { return !there }
	null := func(value any, there bool) bool { return there && value == nil }
	noText := func(value any, there bool) bool {
		_, isText := value.(string)
		return there && value != nil && !isText
	}
	empty := func(value any, _ bool) bool { return value == "" }
	return []embeddedFault{
		whole("is no JSON", func(text string, value any) bool { return text != "" && value == notJSON{} }),
		whole("is empty text", func(text string, _ any) bool { return text == "" }),
		whole("is an array", func(_ string, value any) bool { _, is := value.([]any); return is }),
		whole("is a JSON scalar", func(_ string, value any) bool {
			switch value.(type) {
			case []any, map[string]any, notJSON:
				return false
			}
			return true
		}),
		key("lacks db_name", "db_name", missing),
		key("lacks user_name", "user_name", missing),
		key("lacks password", "password", missing),
		key("lacks rds_instance_id", "rds_instance_id", missing),
		key("has db_name null", "db_name", null),
		key("has an empty db_name", "db_name", empty),
		key("has an empty user_name", "user_name", empty),
		key("has an empty password", "password", empty),
		key("has a user_name that is no text", "user_name", noText),
		key("has a password that is no text", "password", noText),
		key("has an rds_instance_id of wrong characters or length", "rds_instance_id", func(value any, _ bool) bool {
			text, ok := value.(string)
			return ok && !regexp.MustCompile(`^[A-Za-z0-9]{36}\z`).MatchString(text)
		}),
	}
}

// notJSON stands for the value of text that is no JSON.
type notJSON struct{}

func anyJSON(text string) any {
	value, err := openapi.DecodeJSON([]byte(text))
	if err != nil {
		return notJSON{}
	}
	return value
}
