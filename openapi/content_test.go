package openapi_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

const bodies = `openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /x:
    post:
      operationId: op
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              required: [name]
              properties:
                name: {type: string, maxLength: 5}
                age: {type: integer}
                tags: {type: array, items: {type: integer}}
                piped: {type: array, items: {type: string}}
                owner: {type: object, required: [n], properties: {n: {type: integer}}}
                deep: {type: object, properties: {n: {type: integer}, s: {type: string}}}
            encoding: {piped: {style: pipeDelimited, explode: false}, deep: {style: deepObject, explode: true}}
          multipart/form-data:
            schema:
              type: object
              required: [meta]
              properties:
                meta: {type: object, required: [n], properties: {n: {type: integer}}}
                file: {type: string, format: binary}
                files: {type: array, maxItems: 2, items: {type: string, format: binary}}
                count: {type: integer}
            encoding: {file: {contentType: 'image/png, image/*'}}
          text/plain: {schema: {type: string, maxLength: 4}}
          text/csv: {schema: {type: integer}}
          application/octet-stream: {schema: {type: string, format: binary, maxLength: 4}}
          application/xml: {schema: {type: integer}}
          text/event-stream: {schema: {type: integer}}
          application/x-ndjson: {schema: {type: array, items: {type: integer}}}
      responses:
        '200':
          description: ok
          content:
            text/plain: {schema: {type: string, maxLength: 4}}
            application/vnd.a+json: {schema: {type: integer}}
            application/x-www-form-urlencoded: {schema: {type: object, properties: {age: {type: integer}}}}
`

// part is a part of a multipart body with its own headers.
func part(header, body string) string {
	return "--b\r\n" + strings.ReplaceAll(header, "\n", "\r\n") + "\r\n\r\n" + body + "\r\n"
}

const named = `Content-Disposition: form-data; name="`

func TestFormsPartsAndText(t *testing.T) {
	op := load(t, "a.yaml", bodies).Operation("op")
	const form, multi = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	meta := part(named+`meta"`, `{"n":1}`)
	for _, row := range []struct {
		why, media, body string
		want             []string
	}{
		{"a form", form, "name=Ada&age=30&tags=1&tags=2&piped=a%7Cb&owner=%7B%22n%22%3A1%7D&deep[n]=1&deep[s]=x", nil},
		{"what is missing", form, "age=30", []string{"body /name required"}},
		{"characters, not bytes", form, "name=%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4", nil},
		{"a wrong type", form, "name=a&age=x", []string{"body /age type"}},
		{"a wrong item", form, "name=a&tags=1&tags=x", []string{"body /tags/1 type"}},
		{"twice what is no array", form, "name=a&name=b", []string{"body /name type"}},
		{"an object that is no JSON", form, "name=a&owner=%7B", []string{"body /owner syntax"}},
		{"a wrong member in JSON", form, "name=a&owner=%7B%22n%22%3A%22x%22%7D", []string{"body /owner/n type"}},
		{"a wrong member in brackets", form, "name=a&deep[n]=x", []string{"body /deep/n type"}},
		{"too many fields", form, "name=a" + manyFields(1000), []string{"body syntax"}},
		{"too many values", form, "name=a" + strings.Repeat("&age=1", 100_001), []string{"body syntax"}},

		{"parts", multi, meta + part(named+"file\"; filename=\"a\"\nContent-Type: image/png", "\x89PNG\x00\xff") + part(named+`count"`, "3") + "--b--\r\n", nil},
		{"a missing part", multi, part(named+`count"`, "3") + "--b--\r\n", []string{"body /meta required"}},
		{"a part of a wrong type", multi, meta + part(named+`count"`, "x") + "--b--\r\n", []string{"body /count type"}},
		{"a part that is no JSON", multi, part(named+`meta"`, `{"n":`) + "--b--\r\n", []string{"body /meta syntax"}},
		{"a wrong member in a part", multi, part(named+`meta"`, `{"n":"x"}`) + "--b--\r\n", []string{"body /meta/n type"}},
		{"a part of another media type", multi, meta + part(named+"file\"\nContent-Type: text/html", "x") + "--b--\r\n", []string{"body /file content"}},
		{"a part of a range", multi, meta + part(named+"file\"\nContent-Type: image/gif", "x") + "--b--\r\n", nil},
		{"too many files", multi, meta + strings.Repeat(part(named+`files"`, "x"), 3) + "--b--\r\n", []string{"body /files maxItems"}},
		{"no boundary", "multipart/form-data", meta + "--b--\r\n", []string{"body syntax"}},
		{"another boundary", "multipart/form-data; boundary=c", meta + "--b--\r\n", []string{"body syntax"}},
		{"no end", multi, meta, []string{"body syntax"}},
		{"a part cut short", multi, "--b\r\n" + named, []string{"body syntax"}},
		{"a part without a name", multi, part("Content-Type: text/plain", "x") + "--b--\r\n", []string{"body syntax"}},
		{"a part with a broken header", multi, "--b\r\n: x\r\n\r\nx\r\n--b--\r\n", []string{"body syntax"}},
		{"too many parts", multi, strings.Repeat(part(named+`x"`, ""), 1001) + "--b--\r\n", []string{"body syntax"}},

		{"text", "text/plain", "äöüß", nil},
		{"text that is too long", "text/plain", "abcde", []string{"body maxLength"}},
		{"text of another charset", "text/plain; charset=iso-8859-1", "\xe4\xf6\xfc\xdf", nil},
		{"text that is none", "text/plain", "\xff", []string{"body syntax"}},
		{"text that stands for a number", "text/csv", "5", nil},
		{"text that does not", "text/csv", "x", []string{"body type"}},
		{"bytes", "application/octet-stream", "\x00\xff\xfe\xfd", nil},
		{"too many bytes", "application/octet-stream", "\x00\xff\xfe\xfd\xfc", []string{"body maxLength"}},
		{"XML is not judged", "application/xml", "<a/>", nil},
		{"events are not judged", "text/event-stream", "data: x\n\n", nil},
	} {
		t.Run(row.why, func(t *testing.T) {
			r := openapi.Request{Header: http.Header{"Content-Type": {row.media}}, Body: []byte(row.body)}
			wantBrief(t, op.ValidateRequest(r), row.want)
			r.Value, _ = op.DecodeBody(row.media, r.Body)
			wantBrief(t, op.ValidateRequest(r), row.want)
		})
	}
	for _, row := range []struct {
		why, media, body string
		want             []string
	}{
		{"text", "text/plain", "abcd", nil},
		{"text that is too long", "text/plain; charset=utf-8", "abcde", []string{"body maxLength"}},
		{"a relative of JSON", "application/vnd.a+json; charset=utf-8", "5", nil},
		{"a broken one", "application/vnd.a+json", `"5"`, []string{"body type"}},
		{"a form", "application/x-www-form-urlencoded", "age=x", []string{"body /age type"}},
	} {
		t.Run("answer: "+row.why, func(t *testing.T) {
			wantBrief(t, op.ValidateResponse(openapi.Response{Status: 200, Header: http.Header{"Content-Type": {row.media}}, Body: []byte(row.body)}), row.want)
		})
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("&" + strings.Repeat("x", i+1) + "=1")
	}
	return b.String()
}

// What is written is read again as the same value.
func TestEncodeAndDecode(t *testing.T) {
	op := load(t, "a.yaml", bodies).Operation("op")
	for _, row := range []struct{ media, value, body string }{
		{"application/x-www-form-urlencoded", `{"name":"a b","age":3,"tags":[1,2],"piped":["a","b"],"owner":{"n":1},"deep":{"n":1,"s":"x"}}`,
			"age=3&deep%5Bn%5D=1&deep%5Bs%5D=x&name=a+b&owner=%7B%22n%22%3A1%7D&piped=a%7Cb&tags=1&tags=2"},
		{"multipart/form-data", `{"meta":{"n":1},"file":"--counterpart","files":["x","y"],"count":7}`, ""},
		{"text/plain", `"abcd"`, "abcd"},
		{"text/csv", `5`, "5"},
		{"application/octet-stream", `"abcd"`, "abcd"},
		{"application/xml", `{"a":["x<y",1],"b":null}`, `<?xml version="1.0" encoding="UTF-8"?>` + "\n<value><a>x&lt;y</a><a>1</a><b></b></value>"},
		{"text/event-stream", `{"a":1}`, "data: {\"a\":1}\n\n"},
		{"application/x-ndjson", `[1,2]`, "1\n2\n"},
	} {
		t.Run(row.media, func(t *testing.T) {
			value, err := openapi.DecodeJSON([]byte(row.value))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range op.RequestBody.Content {
				if m.Range != row.media {
					continue
				}
				body, contentType, err := m.Encode(value)
				if again, _, _ := m.Encode(value); err != nil || row.body != "" && string(body) != row.body || !reflect.DeepEqual(body, again) {
					t.Errorf("%q (%v), want %q, and the same again", body, err, row.body)
				}
				if got, ok := op.DecodeBody(contentType, body); ok && !reflect.DeepEqual(got, value) {
					t.Errorf("it is read as %v, not as %v", got, value)
				}
				wantBrief(t, op.ValidateRequest(openapi.Request{Header: http.Header{"Content-Type": {contentType}}, Body: body}), nil)
			}
		})
	}
	for _, media := range []int{0, 1} {
		if _, _, err := op.RequestBody.Content[media].Encode("text"); err == nil {
			t.Error("a text is no form")
		}
	}
}

func FuzzDecodeBody(f *testing.F) {
	op := load(f, "a.yaml", bodies).Operation("op")
	f.Add("multipart/form-data; boundary=b", part(named+`meta"`, `{"n":1}`)+"--b--\r\n")
	f.Add("application/x-www-form-urlencoded", "name=a&deep[n]=1&tags=2&owner={}")
	f.Add("text/plain; charset=iso-8859-1", "\xff")
	f.Fuzz(func(t *testing.T, media, body string) {
		r := openapi.Request{Header: http.Header{"Content-Type": {media}}, Body: []byte(body)}
		vs := op.ValidateRequest(r)
		r.Value, _ = op.DecodeBody(media, r.Body)
		if again := op.ValidateRequest(r); !reflect.DeepEqual(brief(vs), brief(again)) {
			t.Errorf("judged as %v, and when it is decoded already as %v", vs, again)
		}
	})
}
