package contract_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/counterpart-go/counterpart/openapi"
)

// bypassMutants carry out requests that the document forbids.
func bypassMutants() []mutant {
	var rows []mutant
	row := func(name, operations, shown string, server twist) {
		rows = append(rows, mutant{name, operations, "refused", shown, server})
	}
	for _, op := range []string{"create", "update"} {
		row(op+" accepts a missing name", op, "a body without connector_name", named(op, func(name any, there bool) bool { return !there }))
		row(op+" accepts the name null", op, "a body with connector_name null", named(op, func(name any, there bool) bool { return there && name == nil }))
		row(op+" accepts an empty name", op, "a body with an empty connector_name", named(op, func(name any, _ bool) bool { return name == "" }))
		row(op+" accepts a name of 65 characters", op, "a body with a name of 65 letters", named(op, nameFits(`^[A-Za-z0-9_-]{65,}\z`)))
		row(op+" accepts a name with other characters", op, "a body with a name that holds a space or a dot", named(op, nameFits(`[^A-Za-z0-9_-]`)))
		row(op+" accepts a name that is no text", op, "a body with connector_name 1, true, [] or {}", named(op, func(name any, _ bool) bool {
			_, isText := name.(string)
			return name != nil && !isText
		}))
		row(op+" accepts a missing type", op, "a body without source_type", typed(op, func(kind any, there bool) bool { return !there }))
		row(op+" accepts the type null", op, "a body with source_type null", typed(op, func(kind any, there bool) bool { return there && kind == nil }))
		row(op+" accepts a type that does not exist", op, "a body with another source_type", typed(op, func(kind any, _ bool) bool {
			text, ok := kind.(string)
			return ok && !isSourceType(text) && !isSourceTypeInOtherCase(text)
		}))
		row(op+" accepts a type that is no text", op, "a body with source_type 1, true, [] or {}", typed(op, func(kind any, _ bool) bool {
			_, isText := kind.(string)
			return kind != nil && !isText
		}))
		row(op+" accepts a missing source_info", op, "a body without source_info", forgivesSent(op, func(sent map[string]any) {
			if _, there := sent["source_info"]; !there {
				sent["source_info"] = soundInfo(sent["source_type"])
			}
		}))
		row(op+" accepts source_info null", op, "a body with source_info null", forgivesSent(op, func(sent map[string]any) {
			if info, there := sent["source_info"]; there && info == nil {
				sent["source_info"] = soundInfo(sent["source_type"])
			}
		}))
		row(op+" accepts a source_info that is no text", op, "a body whose source_info is an object, a number, …", forgivesSent(op, func(sent map[string]any) {
			if _, isText := sent["source_info"].(string); !isText && sent["source_info"] != nil {
				sent["source_info"] = soundInfo(sent["source_type"])
			}
		}))
		row(op+" accepts a body without data_connector", op, "the body {}", bodies(op, func(value any) bool {
			object, ok := value.(map[string]any)
			_, there := object["data_connector"]
			return ok && !there
		}))
		row(op+" accepts data_connector null", op, `the body {"data_connector":null}`, bodies(op, func(value any) bool {
			object, ok := value.(map[string]any)
			inner, there := object["data_connector"]
			return ok && there && inner == nil
		}))
		row(op+" accepts a data_connector that is no object", op, `the body {"data_connector":[]}, "", 1`, bodies(op, func(value any) bool {
			object, _ := value.(map[string]any)
			_, isObject := object["data_connector"].(map[string]any)
			return object["data_connector"] != nil && !isObject
		}))
		row(op+" accepts a body that is no object", op, "the body [], null, 1 or text", bodies(op, func(value any) bool {
			_, isObject := value.(map[string]any)
			return value != notJSON{} && !isObject
		}))
		row(op+" accepts a body that is no JSON", op, "a body cut off", rawBodies(op, func(text string) bool { return text != "" && anyJSON(text) == notJSON{} }))
		row(op+" accepts an empty body", op, "no body", rawBodies(op, func(text string) bool { return text == "" }))
		row(op+" accepts bytes after the JSON", op, "a body sent twice, or followed by text", rawBodies(op, func(text string) bool {
			return anyJSON(text) == notJSON{} && startsWithJSON(text)
		}))
		row(op+" accepts any media type", op, "a body as text/plain", forgives(op, func(c *call) { c.request.Header.Set("Content-Type", "application/json") }))
	}
	row("create accepts a name that ends with a newline", "create", "a name followed by a newline", named("create", nameFits(`^[A-Za-z0-9_-]{1,64}\n\z`)))
	row("create accepts a name with letters of other scripts", "create", "a name with a letter that is not ASCII", named("create", func(name any, _ bool) bool {
		text, _ := name.(string)
		return onlyIf(text, func(c rune) bool {
			return unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_' || c == '-'
		}) && !onlyIf(text, func(c rune) bool { return c < unicode.MaxASCII })
	}))
	row("create takes types in small letters", "create", "source_type rds_mysql, GAUSSDB-MYSQL", forgivesSent("create", func(sent map[string]any) {
		if text, ok := sent["source_type"].(string); ok && isSourceTypeInOtherCase(text) {
			sent["source_type"] = inDocumentedCase(text)
		}
	}))
	row("create takes a list of connections", "create", "a list around the body", forgives("create", func(c *call) {
		if list, ok := anyJSON(string(c.body)).([]any); ok && len(list) == 1 {
			c.body = []byte(jsonText(list[0]))
		}
	}))
	row("create takes forms", "create", "a create as application/x-www-form-urlencoded", forgives("create", func(c *call) {
		if strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			c.request.Header.Set("Content-Type", "application/json")
		}
	}))
	row("create takes XML", "create", "a create as application/xml or text/xml", forgives("create", func(c *call) {
		if strings.HasSuffix(c.request.Header.Get("Content-Type"), "xml") {
			c.request.Header.Set("Content-Type", "application/json")
		}
	}))

	query := func(name, parameter, shown string, broken func(value string) bool) {
		row(name, "list", "a list with "+shown, forgives("list", func(c *call) {
			if values, there := c.request.URL.Query()[parameter]; there && broken(values[0]) {
				c.dropQuery(parameter)
			}
		}))
	}
	number := func(fits func(n int64) bool) func(string) bool {
		return func(value string) bool {
			n, err := strconv.ParseInt(value, 10, 64)
			return err == nil && fits(n)
		}
	}
	noNumber := func(value string) bool {
		_, err := strconv.ParseInt(value, 10, 64)
		return err != nil && value != ""
	}
	query("list accepts a limit of 0", "limit", "limit=0", number(func(n int64) bool { return n == 0 }))
	query("list accepts a limit of 1001", "limit", "limit=1001", number(func(n int64) bool { return n > 1000 }))
	query("list accepts a negative limit", "limit", "limit=-1", number(func(n int64) bool { return n < 0 }))
	query("list accepts a limit that is no number", "limit", "limit=ten", noNumber)
	query("list accepts a limit with a fraction", "limit", "limit=1.5", func(value string) bool {
		return regexp.MustCompile(`^[0-9]+\.[0-9]*[1-9]$`).MatchString(value)
	})
	query("list accepts a negative offset", "offset", "offset=-1", number(func(n int64) bool { return n < 0 }))
	query("list accepts an offset that is no number", "offset", "offset=ten", noNumber)
	query("list accepts a type that does not exist as a filter", "source_type", "source_type=ORACLE", func(value string) bool {
		return !isSourceType(value) && !isSourceTypeInOtherCase(value)
	})
	query("list accepts a type in other case as a filter", "source_type", "source_type=rds_mysql", isSourceTypeInOtherCase)
	query("list accepts other words than true and false", "available", "available=maybe", func(value string) bool { return value != "true" && value != "false" })
	query("list accepts an id with other characters as a filter", "connector_id", "connector_id=a.b", regexp.MustCompile(`[^A-Za-z0-9_-]`).MatchString)
	query("list accepts an id of 65 characters as a filter", "connector_id", "connector_id of 65 letters", func(value string) bool { return len(value) > 64 })
	query("list accepts an empty id as a filter", "connector_id", "connector_id=", func(value string) bool { return value == "" })

	for _, op := range []string{"create", "list"} {
		row(op+" accepts a project with other characters", op, "a project with a dash", forgives(op, func(c *call) {
			if regexp.MustCompile(`[^A-Za-z0-9]`).MatchString(c.project) {
				c.setPath("repaired", c.id)
			}
		}))
		row(op+" accepts a project of 65 characters", op, "a project of 65 letters", forgives(op, func(c *call) {
			if len(c.project) > 64 {
				c.setPath(c.project[:64], c.id)
			}
		}))
	}
	for _, op := range []string{"update", "delete"} {
		row(op+" accepts a project with other characters", op, "a request to "+op+" in a project with a dash", succeedsIf(op, func(c *call) bool { return regexp.MustCompile(`[^A-Za-z0-9]`).MatchString(c.project) }))
		row(op+" accepts an id with other characters", op, "a request to "+op+" what has an id with a dot", succeedsIf(op, func(c *call) bool { return regexp.MustCompile(`[^A-Za-z0-9_-]`).MatchString(c.id) }))
		row(op+" accepts an id of 65 characters", op, "a request to "+op+" what has an id of 65 letters", succeedsIf(op, func(c *call) bool { return len(c.id) > 64 }))
	}
	return rows
}

// named repairs names that are broken, each to a name that nobody has.
func named(operation string, broken func(name any, there bool) bool) twist {
	return twist{serve: func() behaviour {
		var made atomic.Int64
		return func(m *mock, c *call) *reply {
			sent := c.sent()
			name, there := sent["connector_name"]
			if c.is(operation) && sent != nil && broken(name, there) {
				sent["connector_name"] = fmt.Sprintf("repaired-%d", made.Add(1))
				c.setSent(sent)
			}
			return m.answer(c)
		}
	}}
}

// typed repairs types that are broken: on update to that of the connection.
func typed(operation string, broken func(kind any, there bool) bool) twist {
	return always(func(m *mock, c *call) *reply {
		sent := c.sent()
		if kind, there := sent["source_type"]; c.is(operation) && sent != nil && broken(kind, there) {
			sent["source_type"] = "RDS_MYSQL"
			if old := m.find(c, c.id); old != nil {
				sent["source_type"] = old["source_type"]
			}
			c.setSent(sent)
		}
		return m.answer(c)
	})
}

func nameFits(pattern string) func(name any, there bool) bool {
	return func(name any, _ bool) bool {
		text, ok := name.(string)
		return ok && regexp.MustCompile(pattern).MatchString(text)
	}
}

func onlyIf(text string, fits func(rune) bool) bool {
	return text != "" && strings.IndexFunc(text, func(c rune) bool { return !fits(c) }) < 0
}

func isSourceTypeInOtherCase(text string) bool {
	return !isSourceType(text) && inDocumentedCase(text) != ""
}

func inDocumentedCase(text string) string {
	for _, name := range sourceTypes() {
		if strings.EqualFold(name, strings.TrimSpace(text)) {
			return name
		}
	}
	return ""
}

// succeedsIf says that calls that fit were carried out, and does nothing.
func succeedsIf(operation string, fits func(c *call) bool) twist {
	return instead(operation, fits, func() *reply { return success(operation) })
}

// bodies says that calls whose body is JSON of the wrong shape were carried out.
func bodies(operation string, broken func(value any) bool) twist {
	return succeedsIf(operation, func(c *call) bool { return c.early == nil && broken(anyJSON(string(c.body))) })
}

// rawBodies does the same for bodies that are no JSON.
func rawBodies(operation string, broken func(text string) bool) twist {
	return succeedsIf(operation, func(c *call) bool { return broken(string(c.body)) })
}

// startsWithJSON says whether text is a JSON object and more.
func startsWithJSON(text string) bool {
	for at := range text {
		if _, err := openapi.DecodeJSON([]byte(text[:at])); err == nil && strings.HasPrefix(text, "{") {
			return true
		}
	}
	return false
}

// rejectionMutants refuse what the document allows.
func rejectionMutants() []mutant {
	var rows []mutant
	row := func(name, operations, shown string, server twist) {
		rows = append(rows, mutant{name, operations, "accepted", shown, server})
	}
	crash := func(name, operations, shown string, fits func(*call) bool) {
		rows = append(rows, mutant{name, operations, "server-error accepted", shown, crashes(operations, fits)})
	}
	sent := func(name string, fits func(text string) bool) func(*call) bool {
		return func(c *call) bool { text, ok := c.sent()[name].(string); return ok && fits(text) }
	}
	info := func(name string, fits func(text string) bool) func(*call) bool {
		return func(c *call) bool { text, ok := c.info()[name].(string); return ok && fits(text) }
	}
	name := func(pattern string) func(*call) bool {
		return sent("connector_name", regexp.MustCompile(pattern).MatchString)
	}
	longer := func(most int) func(string) bool { return func(text string) bool { return len(text) > most } }
	ascii := func(text string) bool { return onlyIf(text, func(c rune) bool { return c < unicode.MaxASCII }) }
	anyText := func(fits func(text string) bool) func(*call) bool {
		return func(c *call) bool {
			return info("db_name", fits)(c) || info("user_name", fits)(c) || info("password", fits)(c)
		}
	}

	row("create refuses names of 64 characters", "create", "a name of 64 letters", rejects("create", name(`^.{64}$`)))
	row("update refuses names of 64 characters", "update", "an update to a name of 64 letters", rejects("update", name(`^.{64}$`)))
	row("create refuses names of one character", "create", "the name `a`", rejects("create", name(`^.$`)))
	row("create refuses underscores in names", "create", "a name with `_`", rejects("create", name(`_`)))
	row("create refuses names that start with a dash", "create", "a name that starts with `-`", rejects("create", name(`^-`)))
	row("create refuses capitals in names", "create", "a name with capitals", rejects("create", name(`[A-Z]`)))
	row("create refuses names that start with a digit", "create", "a name that starts with a digit", rejects("create", name(`^[0-9]`)))
	crash("create fails on names of 64 characters", "create", "a name of 64 letters", name(`^.{64}$`))
	row("create refuses gaussdb-mysql", "create", "a create of gaussdb-mysql", rejects("create", sent("source_type", func(s string) bool { return s == "gaussdb-mysql" })))
	row("create refuses RDS_POSTGRES", "create", "a create of RDS_POSTGRES", rejects("create", sent("source_type", func(s string) bool { return s == "RDS_POSTGRES" })))
	row("update refuses gaussdb-mysql", "update", "an update of gaussdb-mysql", rejects("update", sent("source_type", func(s string) bool { return s == "gaussdb-mysql" })))
	crash("update fails on RDS_POSTGRES", "update", "an update of RDS_POSTGRES", sent("source_type", func(s string) bool { return s == "RDS_POSTGRES" }))
	row("create refuses a db_name that is not ASCII", "create", "a db_name with an umlaut", rejects("create", info("db_name", func(s string) bool { return s != "" && !ascii(s) })))
	crash("create fails on characters beyond the basic plane", "create", "a db_name, user_name or password with an emoji", anyText(func(s string) bool { return !onlyIf(s, func(c rune) bool { return c <= 0xffff }) && s != "" }))
	crash("create fails on any text that is not ASCII", "create", "a db_name, user_name or password with an umlaut", anyText(func(s string) bool { return s != "" && !ascii(s) }))
	row("create refuses a db_name of one character", "create", "the db_name `a`", rejects("create", info("db_name", func(s string) bool { return len(s) == 1 })))
	row("create refuses a user_name of one character", "create", "the user_name `a`", rejects("create", info("user_name", func(s string) bool { return len(s) == 1 })))
	row("create refuses a password of one character", "create", "the password `a`", rejects("create", info("password", func(s string) bool { return len(s) == 1 })))
	row("create refuses a user_name longer than 64", "create", "a long user_name", rejects("create", info("user_name", longer(64))))
	crash("create fails on a db_name longer than 255", "create", "a long db_name", info("db_name", longer(255)))
	row("create refuses spaces in db_name", "create", "a db_name with a space", rejects("create", info("db_name", func(s string) bool { return strings.Contains(s, " ") })))
	row("create refuses quotes in values", "create", "a user_name with a quote", rejects("create", anyText(func(s string) bool { return strings.ContainsAny(s, `"'`) })))
	crash("create fails on quotes in values", "create", "a user_name with a quote", anyText(func(s string) bool { return strings.ContainsAny(s, `"'`) }))
	crash("create fails on backslashes in values", "create", "a user_name with a backslash", anyText(func(s string) bool { return strings.Contains(s, `\`) }))
	row("create refuses `<` in values", "create", "a user_name with <", rejects("create", anyText(func(s string) bool { return strings.Contains(s, "<") })))
	row("create refuses an instance in capitals", "create", "an rds_instance_id with capitals", rejects("create", info("rds_instance_id", func(s string) bool { return s != strings.ToLower(s) })))
	row("create refuses further keys in source_info", "create", "a source_info with one key more", rejects("create", func(c *call) bool { return len(c.info()) > 4 }))
	row("update refuses further keys in source_info", "update", "an update with one key more in source_info", rejects("update", func(c *call) bool { return len(c.info()) > 4 }))
	row("create refuses white space around source_info", "create", "a source_info with white space around it", rejects("create", sent("source_info", func(s string) bool { return s != strings.TrimSpace(s) })))
	row("create refuses white space inside source_info", "create", "a source_info with white space after its colons", rejects("create", sent("source_info", func(s string) bool { return strings.Contains(s, `": `) })))
	row("create refuses escapes inside source_info", "create", `a source_info with \u0064 for d`, rejects("create", sent("source_info", func(s string) bool { return strings.Contains(s, `\u`) })))
	row("create wants db_name first in source_info", "create", "a source_info with its keys in another order", rejects("create", sent("source_info", func(s string) bool {
		return opened(map[string]any{"source_info": s}) != nil && !regexp.MustCompile(`^\s*\{\s*"db_name"`).MatchString(s)
	})))
	row("create refuses white space around the body", "create", "a body with white space around it", rejects("create", func(c *call) bool { return string(c.body) != strings.TrimSpace(string(c.body)) }))
	row("create refuses a charset in the media type", "create", "a create as application/json; charset=utf-8", rejects("create", mediaType(`;`)))
	row("update refuses a charset in the media type", "update", "an update as application/json; charset=utf-8", rejects("update", mediaType(`;`)))
	row("create refuses a media type in capitals", "create", "a create as Application/JSON", rejects("create", mediaType(`[A-Z]`)))

	query := func(name, operation, parameter, shown string, fits func(value string) bool) mutant {
		return mutant{name, operation, "accepted", "a list with " + shown, rejects(operation, asks(parameter, fits))}
	}
	is := func(want string) func(string) bool { return func(value string) bool { return value == want } }
	rows = append(rows,
		query("list refuses a limit of 1", "list", "limit", "limit=1", is("1")),
		query("list refuses a limit of 1000", "list", "limit", "limit=1000", is("1000")),
		query("list refuses any limit above 100", "list", "limit", "limit=1000", func(v string) bool { return len(v) > 2 && v != "100" }),
		query("list refuses an offset of 0", "list", "offset", "offset=0", is("0")),
		query("list refuses an offset beyond the end", "list", "offset", "a large offset", func(v string) bool { return len(v) > 3 }),
		query("list refuses the filter RDS_MYSQL", "list", "source_type", "source_type=RDS_MYSQL", is("RDS_MYSQL")),
		query("list refuses the filter RDS_POSTGRES", "list", "source_type", "source_type=RDS_POSTGRES", is("RDS_POSTGRES")),
		query("list refuses the filter gaussdb-mysql", "list", "source_type", "source_type=gaussdb-mysql", is("gaussdb-mysql")),
		query("list refuses available=true", "list", "available", "available=true", is("true")),
		query("list refuses available=false", "list", "available", "available=false", is("false")),
		query("list refuses ids with underscores", "list", "connector_id", "connector_id=a_b", func(v string) bool { return strings.Contains(v, "_") }),
		query("list refuses names that nobody could have", "list", "connector_name", "connector_name=a b", func(v string) bool { return !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(v) }),
	)
	crash("list fails on an offset beyond the end", "list", "a list with a large offset", asks("offset", func(v string) bool { return len(v) > 3 }))
	crash("list fails on a name that is not ASCII", "list", "a list with connector_name=ä", asks("connector_name", func(v string) bool { return v != "" && !ascii(v) }))
	row("list refuses query parameters that it does not know", "list", "a list with an undescribed parameter", rejects("list", func(c *call) bool {
		return len(withoutKnown(c.request.URL.Query())) > 0
	}))
	row("list refuses two filters at once", "list", "a list with source_type and connector_name", rejects("list", func(c *call) bool {
		return c.query("source_type") != "" && c.query("connector_name") != ""
	}))
	row("list refuses a limit without an offset", "list", "a list with limit alone", rejects("list", func(c *call) bool {
		return c.query("limit") != "" && c.query("offset") == ""
	}))
	row("list wants a project of 32 characters", "list", "a list of project `a`", rejects("list", func(c *call) bool { return len(c.project) != 32 }))
	row("create refuses a project of 64 characters", "create", "a create in a project of 64 letters", rejects("create", func(c *call) bool { return len(c.project) == 64 }))
	row("create refuses a project with capitals", "create", "a create in a project with capitals", rejects("create", func(c *call) bool { return c.project != strings.ToLower(c.project) }))
	return rows
}

func mediaType(pattern string) func(*call) bool {
	return func(c *call) bool {
		return regexp.MustCompile(pattern).MatchString(c.request.Header.Get("Content-Type"))
	}
}

// asks says whether a list is called with such a value of the parameter.
func asks(parameter string, fits func(value string) bool) func(*call) bool {
	return func(c *call) bool {
		values, there := c.request.URL.Query()[parameter]
		return there && fits(values[0])
	}
}

func withoutKnown(query url.Values) url.Values {
	for _, name := range []string{"connector_id", "source_type", "connector_name", "limit", "offset", "available"} {
		query.Del(name)
	}
	return query
}
