package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// maxParts is how many fields a form and how many parts a multipart body may have.
const maxParts = 1000

// errNotObject says why a value is no form.
var errNotObject = errors.New("only an object can be sent as a form")

// field is what is described about one property of a form: its schemas, and its row of `encoding` (OpenAPI 3.1,
// section 4.8.15).
type field struct {
	*sampler // whose judges know the schemas; without Spec where none is described
	schemas  []place
	encoding place
}

func (m *MediaType) field(name string) field {
	f := field{sampler: &sampler{}, encoding: m.at.at("encoding", name)}
	if m.Schema == nil {
		return f
	}
	f.spec, f.view = m.Schema.spec, m.Schema.view
	f.schemas = f.spec.property(m.Schema.at, name)
	if len(f.schemas) == 0 {
		f.spec.eachPart(m.Schema.at, func(p place) {
			if rest := p.at("additionalProperties"); len(memberNodes(rest)) > 0 {
				f.schemas = append(f.schemas, rest)
			}
		})
	}
	return f
}

func (f field) types() map[string]bool { return f.typesOf(f.schemas) }

func (f field) typesOf(schemas []place) map[string]bool {
	types := map[string]bool{}
	for _, p := range schemas {
		maps.Copy(types, f.spec.types(p))
		if p.at("properties").ok() {
			types["object"] = true
		}
	}
	return types
}

// item is the field for one item of an array.
func (f field) item() field {
	var items []place
	for _, p := range f.schemas {
		f.spec.eachApplied(p, func(applied place) {
			if inner := applied.at("items"); inner.ok() {
				items = append(items, inner)
			}
		})
	}
	f.schemas = items
	return f
}

// style is how the encoding says that the field is written; the media type alone decides where it says nothing.
func (f field) style() (style string, explode bool) {
	style = f.encoding.text("style")
	explode = style == "" || style == "form" || f.encoding.flag("explode")
	if f.encoding.text("explode") == "false" {
		explode = false
	}
	return style, explode
}

// scalar reads a text as the first of the values that it may stand for which keeps the schemas.
func (f field) scalar(text string) any {
	candidates := scalars(text, f.types())
	for _, candidate := range candidates {
		if f.keeps(f.schemas, candidate) {
			return candidate
		}
	}
	return candidates[0]
}

// decode reads one text of a form.
func (f field) decode(pointer, text string) (any, error) {
	types := f.types()
	if f.isJSON(types) && (!types["string"] || strings.HasPrefix(text, "{")) {
		value, err := f.spec.DecodeJSON([]byte(text))
		if err != nil {
			return nil, &partError{pointer: pointer, keyword: KeywordSyntax, reason: err.Error()}
		}
		return value, nil
	}
	return f.scalar(text), nil
}

// isJSON says whether a text of the field holds JSON: the encoding says so, or the value is an object.
func (f field) isJSON(types map[string]bool) bool {
	if f.spec == nil {
		return false
	}
	if own := f.encoding.text("contentType"); own != "" {
		return isJSON(mediaName(own))
	}
	return types["object"]
}

// decodeForm reads the pairs of a form as the object that its schema describes.
func (m *MediaType) decodeForm(body string) (any, error) {
	if limit := m.Schema.limits().Values; strings.Count(body, "&") >= limit {
		return nil, fmt.Errorf("it has more than %d values", limit)
	}
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, errors.New("it is not a form: a name or value is not percent-encoded as it must be")
	}
	if len(form) > maxParts {
		return nil, fmt.Errorf("it has more than %d fields", maxParts)
	}
	texts, nested := map[string][]string{}, map[string]map[string]string{}
	for key, values := range form {
		if owner, inner, ok := m.deepKey(key); ok {
			if nested[owner] == nil {
				nested[owner] = map[string]string{}
			}
			nested[owner][inner] = values[0]
			continue
		}
		texts[key] = values
	}
	object, err := m.decodeFields(texts)
	for owner, fields := range nested {
		if _, there := object[owner]; !there && err == nil {
			object[owner] = m.deepObject(owner, fields)
		}
	}
	return object, err
}

// deepKey splits `owner[inner]` where owner is a property that is an object, and no property has the whole as its name.
func (m *MediaType) deepKey(key string) (owner, inner string, ok bool) {
	owner, inner, ok = strings.Cut(key, "[")
	if !ok || !strings.HasSuffix(inner, "]") || len(m.field(key).schemas) > 0 {
		return "", "", false
	}
	return owner, strings.TrimSuffix(inner, "]"), m.field(owner).types()["object"]
}

func (m *MediaType) deepObject(owner string, fields map[string]string) map[string]any {
	f := m.field(owner)
	object := map[string]any{}
	for name, text := range fields {
		inner := field{sampler: f.sampler}
		for _, p := range f.schemas {
			inner.schemas = append(inner.schemas, f.spec.property(p, name)...)
		}
		object[name] = inner.scalar(text)
	}
	return object
}

// decodeFields reads the texts of each field.
func (m *MediaType) decodeFields(texts map[string][]string) (map[string]any, error) {
	object := make(map[string]any, len(texts))
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		value, err := m.field(name).decodeAll("/"+escapePointer(name), texts[name])
		if err != nil {
			return nil, err
		}
		object[name] = value
	}
	return object, nil
}

// decodeAll reads all texts of one field: an array, or one value.
func (f field) decodeAll(pointer string, texts []string) (any, error) {
	if !f.types()["array"] {
		if len(texts) == 1 {
			return f.decode(pointer, texts[0])
		}
		return f.decodeItems(field{sampler: f.sampler}, pointer, texts) // an array, which the schema refuses
	}
	style, explode := f.style()
	if len(texts) == 1 && isJSON(mediaName(f.encoding.text("contentType"))) {
		if value, err := f.spec.DecodeJSON([]byte(texts[0])); err == nil {
			if _, isArray := value.([]any); isArray {
				return value, nil
			}
		}
	}
	if len(texts) == 1 && !explode {
		delimiter := map[string]string{"spaceDelimited": " ", "pipeDelimited": "|"}[style]
		if delimiter == "" {
			delimiter = ","
		}
		texts = strings.Split(texts[0], delimiter)
	}
	return f.decodeItems(f.item(), pointer, texts)
}

func (f field) decodeItems(item field, pointer string, texts []string) (any, error) {
	item.encoding = f.encoding
	items := make([]any, len(texts))
	for i, text := range texts {
		var err error
		if items[i], err = item.decode(pointer+"/"+itoa(i), text); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// decodeMultipart reads the parts of a multipart body as the object that its schema describes. A file is the text of
// its bytes.
func (m *MediaType) decodeMultipart(contentType string, body []byte) (any, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, errors.New("it is not multipart: the Content-Type names no boundary")
	}
	if !bytes.Contains(body, []byte("--"+params["boundary"]+"--")) {
		return nil, errors.New("it is cut short: the last boundary is missing")
	}
	texts := map[string][]string{}
	from := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for n := 1; ; n++ {
		part, err := from.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return m.decodeFields(texts)
		case err != nil:
			return nil, fmt.Errorf("its part %d is malformed", n)
		case n > maxParts:
			return nil, fmt.Errorf("it has more than %d parts", maxParts)
		case part.FormName() == "":
			return nil, fmt.Errorf("its part %d has no name: its Content-Disposition must be form-data with a name", n)
		}
		name := part.FormName()
		var text strings.Builder
		if _, err := io.Copy(&text, part); err != nil {
			return nil, &partError{"/" + escapePointer(name), KeywordSyntax, "", "the part ends too early"}
		}
		if err := m.field(name).allows("/"+escapePointer(name), part.Header.Get("Content-Type")); err != nil {
			return nil, err
		}
		texts[name] = append(texts[name], text.String())
	}
}

// allows says whether a part may have a media type of its own: one of those that the encoding lists.
func (f field) allows(pointer, contentType string) error {
	described := f.encoding.text("contentType")
	if described == "" || contentType == "" {
		return nil
	}
	var ranges []*MediaType
	for one := range strings.SplitSeq(described, ",") {
		ranges = append(ranges, &MediaType{Range: mediaName(one)})
	}
	if media(ranges, mediaName(contentType)) != nil {
		return nil
	}
	return &partError{pointer, KeywordContent, mediaRanges(ranges), "the part has another media type"}
}

// encodeForm writes an object as the pairs of a form, sorted by name.
func (m *MediaType) encodeForm(value any) ([]byte, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errNotObject
	}
	form := url.Values{}
	for name, member := range object {
		f := m.field(name)
		if inner, isObject := member.(map[string]any); isObject && f.encoding.text("style") == "deepObject" {
			for key, text := range inner {
				form.Set(name+"["+key+"]", fieldText(text))
			}
			continue
		}
		form[name] = f.texts(member)
	}
	return []byte(form.Encode()), nil
}

// texts are what a value is written as, one text for each time that the field is sent.
func (f field) texts(value any) []string {
	items, isArray := value.([]any)
	if !isArray {
		return []string{fieldText(value)}
	}
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = fieldText(item)
	}
	if style, explode := f.style(); !explode {
		delimiter := map[string]string{"spaceDelimited": " ", "pipeDelimited": "|"}[style]
		if delimiter == "" {
			delimiter = ","
		}
		return []string{strings.Join(texts, delimiter)}
	}
	return texts
}

func fieldText(value any) string {
	if text, ok := scalarText(value); ok {
		return text
	}
	if value == nil {
		return ""
	}
	return string(encodeJSON(value))
}

// encodeMultipart writes an object as parts, sorted by name. The boundary is the first that no part contains.
func (m *MediaType) encodeMultipart(value any) (body []byte, contentType string, err error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, "", errNotObject
	}
	whole := encodeJSON(object)
	boundary := "counterpart"
	for i := 1; bytes.Contains(whole, []byte(boundary)); i++ {
		boundary = "counterpart-" + itoa(i)
	}
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	if err := w.SetBoundary(boundary); err != nil {
		return nil, "", err
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if err := m.writeField(w, name, object[name]); err != nil {
			return nil, "", err
		}
	}
	err = w.Close()
	return out.Bytes(), w.FormDataContentType(), err
}

func (m *MediaType) writeField(w *multipart.Writer, name string, value any) error {
	f := m.field(name)
	items, isArray := value.([]any)
	if !isArray {
		items = []any{value}
	} else if inner := f.item(); len(inner.schemas) > 0 {
		f.schemas = inner.schemas
	}
	for _, item := range items {
		part, err := w.CreatePart(f.header(name, item))
		if err == nil {
			_, err = part.Write([]byte(fieldText(item)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// header is that of a part: files have names, and what is not text has a media type.
func (f field) header(name string, value any) textproto.MIMEHeader {
	quoted := strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\r", "%0D", "\n", "%0A").Replace(name)
	disposition := `form-data; name="` + quoted + `"`
	contentType := ""
	if own, _, _ := strings.Cut(f.encoding.text("contentType"), ","); own != "" {
		contentType = (&MediaType{Range: strings.ToLower(own)}).Name()
	}
	_, scalar := scalarText(value)
	switch {
	case f.isFile():
		disposition += `; filename="` + quoted + `"`
		if contentType == "" {
			contentType = mediaBytes
		}
	case contentType == "" && !scalar && value != nil:
		contentType = mediaJSON
	}
	header := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	return header
}

func (f field) isFile() bool {
	return slices.ContainsFunc(f.schemas, f.spec.binary)
}
