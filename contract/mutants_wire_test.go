package contract_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// wireMutants answer with the right thing in a way that clients cannot read.
func wireMutants() []mutant {
	return []mutant{
		{"list answers as text/plain", "list", "media-type", "a list", says("list", header("Content-Type", "text/plain"))},
		{"create answers as text/html", "create", "media-type", "a create", says("create", header("Content-Type", "text/html; charset=utf-8"))},
		{"update answers as application/octet-stream", "update", "media-type", "an update", says("update", header("Content-Type", "application/octet-stream"))},
		{"list answers as application/jsonp", "list", "media-type", "a list", says("list", header("Content-Type", "application/jsonp"))},
		{"list answers as text/json", "list", "media-type", "a list", says("list", header("Content-Type", "text/json"))},
		{"create names the media type `json`", "create", "media-type", "a create", says("create", header("Content-Type", "json"))},
		{"update names no media type", "update", "media-type", "an update", says("update", header("Content-Type", ""))},
		{"create refuses as application/problem+json", "create", "media-type", "an invalid create", saysRefusing("create", header("Content-Type", "application/problem+json"))},
		{"delete refuses as text/plain", "delete", "media-type", "a delete of an unknown id", saysRefusing("delete", header("Content-Type", "text/plain"))},
		{"update refuses with a page of HTML", "update", "media-type", "an invalid update", saysRefusing("update", with(header("Content-Type", "text/html"), body("<html><body>Bad Request</body></html>")))},
		{"list refuses with a page of HTML called JSON", "list", "json error-body", "a list with limit=0", saysRefusing("list", body("<html><body>Bad Request</body></html>"))},

		{"list gives no request id", "list", "header", "a list", says("list", noHeader("X-Request-Id"))},
		{"create gives no request id", "create", "header", "a create", says("create", noHeader("X-Request-Id"))},
		{"delete gives no request id", "delete", "header", "a delete", says("delete", noHeader("X-Request-Id"))},
		{"update gives an empty request id", "update", "header", "an update", says("update", header("X-Request-Id", ""))},
		{"create calls the request id X-Trace-Id", "create", "header", "a create", says("create", with(noHeader("X-Request-Id"), header("X-Trace-Id", "1")))},
		{"refusals of create have no request id", "create", "header", "an invalid create", saysRefusing("create", noHeader("X-Request-Id"))},
		{"refusals of delete have no request id", "delete", "header", "a delete of an unknown id", saysRefusing("delete", noHeader("X-Request-Id"))},
		{"only a taken name is refused without a request id", "create", "header", "a create under a taken name", saysTo("create", takenName, noHeader("X-Request-Id"))},

		{"delete sends an empty object with 204", "delete", "no-body", "a delete", says("delete", with(body("{}"), header("Content-Type", "application/json")))},
		{"delete sends text with 204", "delete", "no-body", "a delete", says("delete", body("deleted"))},
		{"delete sends null with 204", "delete", "no-body", "a delete", says("delete", body("null\n"))},

		{"list sends bytes after the JSON", "list", "json", "a list", says("list", text(func(s string) string { return s + "\x00" }))},
		{"list sends its answer twice", "list", "json", "a list", says("list", text(func(s string) string { return s + s }))},
		{"update sends a line of log after the JSON", "update", "json", "an update", says("update", text(func(s string) string { return s + "\nINFO updated" }))},
		{"create sends a warning before the JSON", "create", "json", "a create", says("create", text(func(s string) string { return "<b>Warning</b>: undefined index\n" + s }))},
		{"list sends a prefix against inclusion", "list", "json", "a list", says("list", text(func(s string) string { return ")]}',\n" + s }))},
		{"list sends a byte order mark", "list", "json", "a list", says("list", text(func(s string) string { return "\ufeff" + s }))},
		{"list sends names that are not UTF-8", "list", "json", "a list of one", says("list", text(func(s string) string { return strings.Replace(s, `"tenant_id":"`, "\"tenant_id\":\"\xff", 1) }))},
		{"list answers in UTF-16", "list", "json", "a list", says("list", text(wide))},
		{"list has total_count twice", "list", "json", "a list", says("list", text(func(s string) string { return strings.Replace(s, "{", `{"total_count":0,`, 1) }))},
		{"items have connector_name twice", "list", "json", "a list of one", says("list", text(func(s string) string {
			return strings.Replace(s, `"connector_name":`, `"connector_name":"","connector_name":`, 1)
		}))},
		{"create has connector_id twice", "create", "json", "a create", says("create", text(func(s string) string {
			return strings.Replace(s, "{", `{"connector_id":"0822239c1e80d4502f82c008937da9b5",`, 1)
		}))},
		{"refusals have error_code twice", "create", "json", "an invalid create", saysRefusing("create", text(func(s string) string { return strings.Replace(s, "{", `{"error_code":"1",`, 1) }))},
		{"list is cut off by one character", "list", "json", "a list", says("list", text(func(s string) string { s = strings.TrimSpace(s); return s[:len(s)-1] }))},
		{"list is cut to 512 characters", "list", "json", "a list of two", says("list", text(func(s string) string { return s[:min(512, len(s))] }))},
		{"create has a comma too many", "create", "json", "a create", says("create", text(func(s string) string { return strings.Replace(s, "}", ",}", 1) }))},
		{"update has single quotes", "update", "json", "an update", says("update", text(func(s string) string { return strings.ReplaceAll(s, `"`, "'") }))},
		{"list holds NaN", "list", "json", "a list of one", says("list", text(func(s string) string { return strings.ReplaceAll(s, `"encrypt_type":0`, `"encrypt_type":NaN`) }))},
		{"update answers with nothing", "update", "json body", "an update", says("update", body(""))},
		{"create answers with white space", "create", "json body", "a create", says("create", body(" \n"))},

		{"delete cuts the connection", "delete", "answer", "a delete", says("delete", func(*reply) { panic(http.ErrAbortHandler) })},
		{"update cuts the connection before its answer", "update", "answer", "an update", over(says("update", func(*reply) { panic(http.ErrAbortHandler) }))},
		{"an invalid create cuts the connection", "create", "answer", "an invalid create", saysRefusing("create", func(*reply) { panic(http.ErrAbortHandler) })},
		{"list cuts the connection in the middle of the body where it shows something", "list", "answer", "a list of one", raw("list", func(r *reply) string { return firstLines(r, len(r.body)) + r.body[:len(r.body)/2] })},
		{"list promises more bytes than it sends where it shows something", "list", "answer", "a list of one", raw("list", func(r *reply) string { return firstLines(r, len(r.body)+8) + r.body })},
		{"list promises fewer bytes than it sends where it shows something", "list", "json answer", "a list of one", raw("list", func(r *reply) string { return firstLines(r, len(r.body)-3) + r.body })},
		{"update answers with a status line that is none", "update", "answer", "an update", raw("update", func(*reply) string { return "OK\r\n\r\n" })},
		{"delete closes the connection without a byte", "delete", "answer accepted", "a delete", raw("delete", func(*reply) string { return "" })},
		{"list leaves the last chunk out where it shows something", "list", "answer", "a list of one", raw("list", func(r *reply) string {
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(r.body), r.body)
		})},
		{"list says gzip and sends plain text where it shows something", "list", "answer json", "a list of one", over(says("list", func(r *reply) {
			if r.total() > 0 {
				r.header.Set("Content-Encoding", "gzip")
			}
		}))},
	}
}

// wide is ASCII text in UTF-16, least byte first.
func wide(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		b.Write([]byte{c, 0})
	}
	return b.String()
}

// over reaches the server through a socket.
func over(tw twist) twist {
	tw.target = overSocket(nil)
	return tw
}

// firstLines are the first lines of an answer that promises a body of a length.
func firstLines(r *reply, length int) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status))
	h := r.header.Clone()
	h.Set("Content-Length", fmt.Sprint(length))
	h.Set("Connection", "close")
	_ = h.Write(&b)
	return b.String() + "\r\n"
}

// raw writes the bytes of some answers to the socket itself, then closes the connection. Empty lists are left alone: a
// server whose very first answer cannot be read is taken for one that is not there.
func raw(operation string, write func(r *reply) string) twist {
	return over(always(func(m *mock, c *call) *reply {
		r := m.answer(c)
		if c.is(operation) && r.ok() && (operation != "list" || r.total() > 0) {
			r.raw = func() string { return write(r) }
		}
		return r
	}))
}

// statusMutants answer with another status than the document describes.
func statusMutants() []mutant {
	return []mutant{
		{"create answers 200", "create", "status", "a create", says("create", status(200))},
		{"create answers 202", "create", "status", "a create", says("create", status(202))},
		{"create answers 204 without a body", "create", "status", "a create", says("create", with(status(204), noBody))},
		{"update answers 201", "update", "status", "an update", says("update", status(201))},
		{"update answers 202", "update", "status", "an update", says("update", status(202))},
		{"update answers 204 without a body", "update", "status", "an update", says("update", with(status(204), noBody))},
		{"delete answers 200 with a body", "delete", "status", "a delete", says("delete", with(status(200), func(r *reply) { r.setBody(map[string]any{"result": "succeeded"}) }))},
		{"delete answers 202", "delete", "status", "a delete", says("delete", status(202))},
		{"list answers 206", "list", "status", "a list", says("list", status(206))},
		{"list answers 206 when there is more", "list", "status", "a list of two with limit=1", says("list", func(r *reply) {
			if len(r.items()) < r.total() {
				r.status = 206
			}
		})},
		{"list answers 204 when there is nothing", "list", "status", "a list filtered by an id that nobody has", says("list", func(r *reply) {
			if r.total() == 0 {
				with(status(204), noBody)(r)
			}
		})},
		{"list answers 404 when there is nothing", "list", "accepted", "a list filtered by an id that nobody has", says("list", func(r *reply) {
			if r.total() == 0 {
				*r = *refusal(404, "APIGW.0101", "not found")
			}
		})},
		{"list redirects", "list", "status accepted", "a list", says("list", with(status(302), header("Location", "/v2/login")))},
		{"list answers 418", "list", "status accepted", "a list", says("list", status(418))},
		{"list fails with 500", "list", "server-error accepted", "a list", crashes("list", anyCall)},
		{"create fails with 500 though it creates", "create", "server-error accepted", "a create", says("create", replyWith(500))},
		{"update fails with 503", "update", "server-error accepted", "an update", says("update", with(replyWith(503), header("Retry-After", "1")))},
		{"delete fails with 502", "delete", "server-error accepted status", "a delete", says("delete", replyWith(502))},
		{"update is refused with 404", "update", "accepted", "an update", says("update", replyWith(404))},
		{"create is throttled for ever", "create", "accepted", "a create", says("create", with(replyWith(429), header("Retry-After", "0")))},

		{"a taken name is refused with 409", "create", "refused status", "a create under a taken name", saysTo("create", takenName, status(409))},
		{"a taken name is refused with 500", "create", "refused server-error", "a create under a taken name", saysTo("create", takenName, replyWith(500))},
		{"a taken name is refused with 403", "create", "refused", "a create under a taken name", saysTo("create", takenName, replyWith(403))},
		{"a taken name is refused on update with 409", "update", "refused status", "an update to a taken name", saysTo("update", takenName, status(409))},
		{"another type is refused with 409", "update", "refused status", "an update with another type", saysTo("update", otherType, status(409))},
		{"another type fails with 500", "update", "refused server-error", "an update with another type", saysTo("update", otherType, replyWith(500))},
		{"an unknown id is refused on update with 404", "update", "refused", "an update of an unknown id", saysTo("update", unknownID, replyWith(404))},
		{"an unknown id is refused on delete with 404", "delete", "refused", "a delete of an unknown id", saysTo("delete", unknownID, replyWith(404))},
		{"an unknown id fails on delete with 500", "delete", "refused server-error", "a delete of an unknown id", saysTo("delete", unknownID, replyWith(500))},
		{"an unknown id is gone on delete with 410", "delete", "refused status", "a delete of an unknown id", saysTo("delete", unknownID, status(410))},
		{"a taken name is answered with 200 and the error", "create", "refused status", "a create under a taken name", saysTo("create", takenName, status(200))},
		{"a limit of 0 is answered with 200 and the error", "list", "refused body", "a list with limit=0", saysRefusing("list", status(200))},
		{"invalid creates are refused with 422", "create", "refused status", "an invalid create", saysTo("create", invalidBody, status(422))},
		{"invalid creates fail with 500", "create", "refused server-error", "an invalid create", saysTo("create", invalidBody, replyWith(500))},
		{"invalid updates fail with 500", "update", "refused server-error", "an invalid update", saysTo("update", invalidBody, replyWith(500))},
		{"a bad limit fails with 500", "list", "refused server-error", "a list with limit=0", saysTo("list", "limit", replyWith(500))},
		{"a create that is no JSON fails with 500", "create", "refused server-error", "a create cut off", crashes("create", notJSONBody)},
		{"an update that is no JSON fails with 500", "update", "refused server-error", "an update cut off", crashes("update", notJSONBody)},
		{"a source_info that is no JSON fails on create with 500", "create", "refused server-error", "a create whose source_info is no JSON", crashes("create", func(c *call) bool { return c.sent() != nil && c.info() == nil })},
		{"a wrong media type fails with 500", "create update", "refused server-error", "a create as text/plain", saysRefusing("create update", replyWith(500), 415)},
		{"a malformed project fails with 500", "list create update delete", "refused server-error", "a request to a project with a dash", saysTo("list create update delete", "Invalid project ID", replyWith(500))},
		{"a malformed id fails on delete with 500", "delete", "refused server-error", "a delete of an id with a dot", saysTo("delete", invalidBody, replyWith(500))},
		{"PATCH on an item is carried out", "create list update delete", "refused status", "PATCH on an item", unrouted("PATCH", 200)},
		{"POST on an item is carried out", "create list update delete", "refused status", "POST on an item", unrouted("POST", 200)},
		{"POST on an item fails with 500", "create list update delete", "refused server-error", "POST on an item", unrouted("POST", 500)},
	}
}

func anyCall(*call) bool { return true }

func notJSONBody(c *call) bool { return anyJSON(string(c.body)) == notJSON{} }

// replyWith refuses or fails with the status, in a body that keeps every error schema of the document.
func replyWith(code int) func(*reply) {
	return func(r *reply) { *r = *refusal(code, "MRS.0001", "The request was not carried out.") }
}

// unrouted answers a method that the document does not give an item.
func unrouted(method string, code int) twist {
	return always(func(m *mock, c *call) *reply {
		if c.request.Method == method && c.id != "" {
			r := success("update")
			r.status = code
			if code >= 500 {
				replyWith(code)(r)
			}
			return r
		}
		return m.answer(c)
	})
}
