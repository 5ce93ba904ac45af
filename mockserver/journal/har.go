package journal

import (
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
)

// HAR is an HTTP archive of version 1.2 (http://www.softwareishard.com/blog/har-12-spec/) of the exchanges that pass the
// filter. Times are in milliseconds. What goes beyond the format begins with `_`.
func (j *Journal) HAR(f Filter) map[string]any {
	found, _, _ := j.find(f)
	entries := make([]any, len(found))
	for i, e := range found {
		entries[i] = harEntry(e, j.exchange(e))
	}
	return map[string]any{"log": map[string]any{
		"version": "1.2",
		"creator": map[string]any{"name": "counterpart", "version": version()},
		"entries": entries,
	}}
}

// version is that of the module in the program that this is a part of.
func version() string {
	const module = "github.com/counterpart-go/counterpart"
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return "(devel)"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}

func harEntry(e *Entry, x control.Exchange) map[string]any {
	took := float64(e.Duration) / float64(time.Millisecond)
	entry := map[string]any{
		"startedDateTime": e.At.Format(time.RFC3339Nano),
		"time":            took,
		"request":         harRequest(e, x),
		"response":        harResponse(e, x),
		"cache":           map[string]any{},
		"timings":         map[string]any{"send": 0, "wait": took, "receive": 0},
		"_requestId":      x.RequestID,
	}
	for name, value := range map[string]string{"_operation": x.Operation, "_refused": x.Refused, "_stub": x.Stub, "comment": x.Reason} {
		if value != "" {
			entry[name] = value
		}
	}
	return entry
}

func harRequest(e *Entry, x control.Exchange) map[string]any {
	scheme := "http://"
	if e.TLS {
		scheme = "https://"
	}
	address := scheme + e.Host + x.Path
	if x.Request.Query != "" {
		address += "?" + x.Request.Query
	}
	request := map[string]any{
		"method": x.Method, "url": address, "httpVersion": e.Proto, "cookies": []any{}, "headers": x.Request.Headers,
		"queryString": harQuery(x.Request.Query), "headersSize": -1, "bodySize": x.Request.Bytes,
	}
	if x.Request.Body != "" {
		data := map[string]any{"mimeType": valueOf(x.Request.Headers, "Content-Type"), "params": []any{}, "text": x.Request.Body}
		if x.Request.Encoding != "" {
			data["_encoding"] = x.Request.Encoding
		}
		request["postData"] = data
	}
	return request
}

// harQuery are the keys and values of a query in their order.
func harQuery(query string) []any {
	list := []any{}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair != "" {
			list = append(list, map[string]any{"name": unescaped(name), "value": unescaped(value)})
		}
	}
	return list
}

// unescaped is the text itself where it is not escaped as it should be.
func unescaped(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

func harResponse(e *Entry, x control.Exchange) map[string]any {
	content := map[string]any{"size": x.Response.Bytes, "mimeType": valueOf(x.Response.Headers, "Content-Type")}
	if x.Response.Body != "" {
		content["text"] = x.Response.Body
	}
	if x.Response.Encoding != "" {
		content["encoding"] = x.Response.Encoding
	}
	return map[string]any{
		"status": x.Status, "statusText": http.StatusText(x.Status), "httpVersion": e.Proto, "cookies": []any{},
		"headers": x.Response.Headers, "content": content, "redirectURL": valueOf(x.Response.Headers, "Location"), "headersSize": -1, "bodySize": x.Response.Bytes,
	}
}

// valueOf is the first value of a header; "" for none.
func valueOf(headers []control.Header, name string) string {
	for _, h := range headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}
