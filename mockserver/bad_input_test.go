package mockserver_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
)

// badInput is a request that the document rules out. The refusal must name what is wrong by saying names.
type badInput struct {
	reason       string
	method, path string
	body         string
	headers      []string
	status       int
	code         string
	names        string
}

// badBodies are rows for each operation that takes a body, without method and path.
func badBodies() []badInput {
	const (
		connectionPointer = "body /data_connector"
		namePointer       = connectionPointer + "/connector_name: "
		typePointer       = connectionPointer + "/source_type: "
		infoPointer       = connectionPointer + "/source_info"
	)
	var (
		name, kind, info = quoted("name"), quoted(mysql), quoted(sourceInfo(mysql))
		long             = strings.Repeat("a", 65)
		good             = sound("name", mysql)
	)
	parameter := func(reason, body, names string) badInput {
		return badInput{reason: reason, body: body, status: 400, code: "12000002", names: names}
	}
	connector := func(reason, body, names string) badInput {
		return badInput{reason: reason, body: body, status: 400, code: "MRS.0010", names: names}
	}
	rows := []badInput{
		parameter("no data_connector", `{}`, connectionPointer+": is required"),
		parameter("data_connector is null", `{"data_connector":null}`, connectionPointer+": must be object"),
		parameter("data_connector is a string", `{"data_connector":"`+password+`"}`, connectionPointer+": must be object"),
		parameter("data_connector is an array", `{"data_connector":[]}`, connectionPointer+": must be object"),
		parameter("data_connector in other case", strings.Replace(good, "data_connector", "Data_Connector", 1), connectionPointer+": is required"),
		parameter("data_connector is empty", `{"data_connector":{}}`, namePointer+"is required"),
		parameter("body is null", `null`, "body: must be object"),
		parameter("body is an array", `[]`, "body: must be object"),
		parameter("body is a string", `"`+password+`"`, "body: must be object"),

		parameter("connector_name is missing", sent("", kind, info), namePointer+"is required"),
		parameter("connector_name is null", sent("null", kind, info), namePointer+"must be string"),
		parameter("connector_name is a number", sent("5", kind, info), namePointer+"must be string"),
		parameter("connector_name is an object", sent("{}", kind, info), namePointer+"must be string"),
		parameter("connector_name is an array", sent(`["a"]`, kind, info), namePointer+"must be string"),
		parameter("connector_name is empty", sent(`""`, kind, info), namePointer+"must match"),
		parameter("connector_name has 65 characters", sent(quoted(long), kind, info), namePointer+"must match"),
		parameter("connector_name has other letters", sent(`"naïve"`, kind, info), namePointer+"must match"),
		parameter("connector_name has Cyrillic that looks Latin", sent(`"nаme"`, kind, info), namePointer+"must match"),
		parameter("connector_name has a space", sent(`"a b"`, kind, info), namePointer+"must match"),
		parameter("connector_name is a space", sent(`" "`, kind, info), namePointer+"must match"),
		parameter("connector_name has quotes", sent(`"a\"b"`, kind, info), namePointer+"must match"),
		parameter("connector_name has an apostrophe", sent(`"a' OR '1'='1"`, kind, info), namePointer+"must match"),
		parameter("connector_name has a slash", sent(`"a/b"`, kind, info), namePointer+"must match"),
		parameter("connector_name has a dot", sent(`"a.b"`, kind, info), namePointer+"must match"),
		parameter("connector_name ends in a newline", sent(`"name\n"`, kind, info), namePointer+"must match"),
		parameter("connector_name has a NUL", sent(`"a\u0000"`, kind, info), namePointer+"must match"),
		parameter("connector_name in other case only", strings.Replace(good, "connector_name", "Connector_Name", 1), namePointer+"is required"),

		parameter("source_type is missing", sent(name, "", info), typePointer+"is required"),
		parameter("source_type is null", sent(name, "null", info), typePointer+"must be string"),
		parameter("source_type is a number", sent(name, "1", info), typePointer+"must be string"),
		connector("source_type is empty", sent(name, `""`, info), typePointer+"must be one of"),
		connector("source_type is unknown", sent(name, `"RDS_ORACLE"`, info), typePointer+"must be one of RDS_POSTGRES, RDS_MYSQL, gaussdb-mysql"),
		connector("source_type in other case", sent(name, `"rds_mysql"`, info), typePointer+"must be one of"),

		parameter("all three are missing", `{"data_connector":{"x":1}}`, typePointer+"is required"),
		parameter("one of two faults decides", sent(`""`, `"RDS_ORACLE"`, info), typePointer+"must be one of"),

		connector("source_info is null", sent(name, kind, "null"), infoPointer+": must be"),
		connector("source_info is a number", sent(name, kind, "5"), infoPointer+": must be"),
		connector("source_info is an object, not text", sent(name, kind, sourceInfo(mysql)), infoPointer+": must be"),
		connector("source_info is an array", sent(name, kind, "[]"), infoPointer+": must be"),
		connector("source_info is empty", sent(name, kind, `""`), infoPointer+": "),
		connector("source_info is not JSON", sent(name, kind, quoted("password="+password)), infoPointer+": "),
		connector("source_info is cut off", sent(name, kind, quoted(sourceInfo(mysql)[:40])), infoPointer+": "),
		connector("source_info holds an array", sent(name, kind, quoted("["+sourceInfo(mysql)+"]")), infoPointer+"#: must be object"),
		connector("source_info holds a number", sent(name, kind, `"5"`), infoPointer+"#: must be object"),
		connector("source_info holds null", sent(name, kind, `"null"`), infoPointer+"#: must be object"),
		connector("source_info holds true", sent(name, kind, `"true"`), infoPointer+"#: must be object"),
		connector("source_info is encoded twice", sent(name, kind, quoted(quoted(sourceInfo(mysql)))), infoPointer+"#: must be object"),
		connector("source_info is followed by bytes", sent(name, kind, quoted(sourceInfo(mysql)+"x")), infoPointer+": "),
		connector("source_info is two objects", sent(name, kind, quoted(sourceInfo(mysql)+sourceInfo(mysql))), infoPointer+": "),
		connector("source_info has a key twice", sent(name, kind, quoted(`{"db_name":"a",`+sourceInfo(mysql)[1:])), infoPointer+": "),
		connector("source_info is nested 20,000 deep", sent(name, kind, quoted(`{"a":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+"}")), infoPointer+": "),
		connector("source_info has a byte order mark", sent(name, kind, quoted("\ufeff"+sourceInfo(mysql))), infoPointer+": "),
		connector("source_info uses single quotes", sent(name, kind, quoted(strings.ReplaceAll(sourceInfo(mysql), `"`, "'"))), infoPointer+": "),

		connector("rds_instance_id has 35 characters", sound("name", mysql, "rds_instance_id", quoted(long[:35])), infoPointer+"#/rds_instance_id: must match"),
		connector("rds_instance_id has 37 characters", sound("name", mysql, "rds_instance_id", quoted(long[:37])), infoPointer+"#/rds_instance_id: must match"),
		connector("rds_instance_id has hyphens", sound("name", mysql, "rds_instance_id", quoted(strings.Repeat("a-", 18))), infoPointer+"#/rds_instance_id: must match"),
		connector("TaurusDB does not take a MySQL instance", sound("name", taurus, "rds_instance_id", quoted(instances[mysql])), infoPointer+"#/rds_instance_id: must match"),

		parameter("no body", "", "body: "),
		parameter("spaces for a body", "  \n", "body: cannot be read"),
		parameter("malformed", `{"data_connector":{"connector_name":}}`, "body: cannot be read"),
		parameter("cut off", good[:len(good)/2], "body: cannot be read"),
		parameter("followed by bytes", good+"x", "body: cannot be read"),
		parameter("followed by another", good+good, "body: cannot be read"),
		parameter("a byte order mark", "\ufeff"+good, "body: cannot be read"),
		parameter("invalid UTF-8", strings.Replace(good, "name", "na\xffme", 1), "body: cannot be read"),
		parameter("UTF-16", "{\x00}\x00", "body: cannot be read"),
		parameter("a comment", "/**/"+good, "body: cannot be read"),
		parameter("a comma at the end", strings.TrimSuffix(good, "}")+",}", "body: cannot be read"),
		parameter("a number of 10,000 digits", `{"n":`+strings.Repeat("1", 10000)+","+good[1:], "body: cannot be read"),
		parameter("nested 20,000 deep", strings.Repeat(`{"data_connector":`, 20000), "body: cannot be read"),
		parameter("a key twice at the root", `{"data_connector":{},`+good[1:], "body: cannot be read"),
		parameter("a key twice", strings.Replace(good, `"source_type"`, `"connector_name":"x","source_type"`, 1), "body: cannot be read"),
		parameter("a form called JSON", "connector_name=name&password="+password, "body: cannot be read"),

		{reason: "XML", body: "<password>" + password + "</password>", headers: []string{"Content-Type", "application/xml"},
			status: 415, code: "APIGW.0201", names: "application/json"},
		{reason: "sound JSON as text", body: good, headers: []string{"Content-Type", "text/plain"},
			status: 415, code: "APIGW.0201", names: "application/json"},
		{reason: "an upload", body: "--x\r\nContent-Disposition: form-data; name=password\r\n\r\n" + password, headers: []string{"Content-Type", "multipart/form-data; boundary=x"},
			status: 415, code: "APIGW.0201", names: "application/json"},
	}
	for _, sourceType := range []string{mysql, postgres, taurus} {
		for _, key := range []string{"db_name", "user_name", "password", "rds_instance_id"} {
			pointer := infoPointer + "#/" + key + ": "
			for _, change := range [][2]string{
				{"", pointer + "is required"}, {"null", pointer + "must be string"}, {"5", pointer + "must be string"},
				{"true", pointer + "must be string"}, {"{}", pointer + "must be string"}, {`["a"]`, pointer + "must be string"}, {`""`, pointer + "must"},
			} {
				reason := fmt.Sprintf("%s in source_info of %s is %q", key, sourceType, change[0])
				rows = append(rows, connector(reason, sound("name", sourceType, key, change[0]), change[1]))
			}
		}
		rows = append(rows, connector("source_info of "+sourceType+" is missing", sent(name, quoted(sourceType), ""), infoPointer+": is required"),
			connector("keys of source_info of "+sourceType+" match their case",
				strings.Replace(sound("name", sourceType), "user_name", "User_Name", 1), infoPointer+"#/user_name: is required"))
	}
	return rows
}

// badRequests are the rows about everything but the body.
func badRequests() []badInput {
	good, long := sound("name", mysql), strings.Repeat("a", 65)
	rows := []badInput{
		{reason: "unknown path", method: http.MethodPost, path: "/v2/" + project + "/clusters", body: good, status: 404, code: "APIGW.0101"},
		{reason: "unknown version", method: http.MethodPost, path: "/v1/" + project + "/data-connectors", body: good, status: 404, code: "APIGW.0101"},
		{reason: "the singular path of the vendor's example", method: http.MethodPost, path: "/v2/" + project + "/data-connector", body: good, status: 404, code: "APIGW.0101"},
		{reason: "unknown method of the collection", method: http.MethodPatch, path: collection(project), body: good, status: 404, code: "APIGW.0101"},
		{reason: "unknown method of a connection", method: http.MethodPost, path: item(project, unknownID), body: good, status: 404, code: "APIGW.0101"},
		{reason: "project id of 0 characters", method: http.MethodPost, path: collection(""), body: good, status: 404, code: "APIGW.0101"},
		{reason: "connector id of 0 characters", method: http.MethodDelete, path: item(project, ""), status: 404, code: "APIGW.0101"},
	}
	for _, limit := range []string{"0", "1001", "-1", "x", "", "1.5", "5.0", "1e2", "0x1", "05", "+1", "١", "null", "99999999999999999999", "1,2", "true", "5 "} {
		rows = append(rows, badInput{reason: "limit " + limit, method: http.MethodGet, path: collection(project) + "?limit=" + escape(limit), status: 400, code: "12000002", names: "limit"})
	}
	for _, offset := range []string{"-1", "x", "", "0.5", "0.0", "1\n", "2147483648", "1e400"} {
		rows = append(rows, badInput{reason: "offset " + offset, method: http.MethodGet, path: collection(project) + "?offset=" + escape(offset), status: 400, code: "12000002", names: "offset"})
	}
	for _, query := range []string{"available=1", "available=TRUE", "available=", "source_type=RDS_ORACLE", "source_type=", "connector_id=", "connector_id=" + long, "connector_id=a%20b",
		"limit=1&limit=2", "connector_name=a&connector_name=b", "source_type=RDS_MYSQL&source_type=RDS_MYSQL"} {
		key, _, _ := strings.Cut(query, "=")
		rows = append(rows, badInput{reason: query, method: http.MethodGet, path: collection(project) + "?" + query, status: 400, code: "12000002", names: key})
	}
	for _, id := range []string{long, "ac66f1a5-e8f4-4399-8ec6-2c8cb1aefda7", "a_b", "a b", "é", "a/b", "a%61", "..", "'", "\x00"} {
		for _, r := range [][3]string{
			{http.MethodPost, collection(escape(id)), good}, {http.MethodGet, collection(escape(id)), ""},
			{http.MethodPut, item(escape(id), unknownID), good}, {http.MethodDelete, item(escape(id), unknownID), ""},
		} {
			names := "Invalid project ID: " + id
			rows = append(rows, badInput{reason: fmt.Sprintf("%s project id %q", r[0], id), method: r[0], path: r[1], body: r[2], status: 400, code: "12000107", names: names})
		}
	}
	for _, id := range []string{long, "a b", "é", "a.b", "a/b", "..", "'"} {
		for _, r := range [][2]string{{http.MethodPut, good}, {http.MethodDelete, ""}} {
			rows = append(rows, badInput{reason: fmt.Sprintf("%s connector id %q", r[0], id), method: r[0], path: item(project, escape(id)), body: r[1], status: 400, code: "12000002", names: "path connector_id: must match"})
		}
	}
	return rows
}

// escape percent-encodes every byte, so that a path segment or value says just this.
func escape(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// Whatever arrives is answered with the documented error, a code, a message that names the field, and a request id;
// nothing is stored, the password is nowhere, and the mock goes on.
func TestBadInput(t *testing.T) {
	t.Parallel()
	rows := badRequests()
	for _, row := range badBodies() {
		row.method, row.path = http.MethodPost, collection(project)
		rows = append(rows, row)
	}
	m := start(t, mockserver.Options{})
	for _, row := range rows {
		t.Run(row.reason, func(t *testing.T) {
			m := m.with(t)
			message := m.do(row.method, row.path, row.body, row.headers...).want(t, row.status, row.code)
			if !strings.Contains(message, row.names) {
				t.Errorf("%q does not say %q", message, row.names)
			}
			m.wantList(project, nil)
		})
	}
	m.wantNoPasswordInLog()
	m.create(project, "name", mysql)
}

// A refused update leaves everything as it was.
func TestBadInputForUpdate(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	ids := map[string]string{}
	for _, sourceType := range []string{mysql, postgres, taurus} {
		ids[sourceType] = m.create(project, sourceType, sourceType)
	}
	before := m.do(http.MethodGet, collection(project), "").body
	for _, row := range badBodies() {
		t.Run(row.reason, func(t *testing.T) {
			m := m.with(t)
			message := m.do(http.MethodPut, item(project, ids[mysql]), row.body, row.headers...).want(t, row.status, row.code)
			if !strings.Contains(message, row.names) {
				t.Errorf("%q does not say %q", message, row.names)
			}
			if after := m.do(http.MethodGet, collection(project), "").body; after != before {
				t.Errorf("the list went from\n%s to\n%s", before, after)
			}
		})
	}
	m.wantNoPasswordInLog()
	m.do(http.MethodPut, item(project, ids[mysql]), sound("name", mysql)).want(t, http.StatusOK, "")
}

func (m *mock) wantNoPasswordInLog() {
	m.Helper()
	if strings.Contains(m.log.String(), password) {
		m.Errorf("the log holds the password")
	}
}

// Just inside the bounds is good.
func TestGoodInput(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	name, id := strings.Repeat("n", 64), strings.Repeat("p", 64)
	for _, row := range []badInput{
		{reason: "connector_name of 1 character", method: http.MethodPost, path: collection(project), body: sound("a", mysql), status: 201},
		{reason: "connector_name of 64 characters", method: http.MethodPost, path: collection(project), body: sound(name, mysql), status: 201},
		{reason: "connector_name of all that is allowed", method: http.MethodPost, path: collection(project), body: sound("-_aZ09", mysql), status: 201},
		{reason: "connector_name written with an escape", method: http.MethodPost, path: collection(project), body: sent(`"\u0062"`, quoted(mysql), quoted(sourceInfo(mysql))), status: 201},
		{reason: "project id of 64 characters", method: http.MethodPost, path: collection(id), body: sound("a", mysql), status: 201},
		{reason: "project id of 1 character", method: http.MethodPost, path: collection("p"), body: sound("a", mysql), status: 201},
		{reason: "project id escaped", method: http.MethodPost, path: collection(escape("escaped")), body: sound("a", mysql), status: 201},
		{reason: "space around the body", method: http.MethodPost, path: collection(project), body: " \r\n\t" + sound("c", mysql) + "\n\n", status: 201},
		{reason: "space in source_info", method: http.MethodPost, path: collection(project), body: sent(`"d"`, quoted(mysql), quoted(" "+sourceInfo(mysql)+"\n")), status: 201},
		{reason: "further keys", method: http.MethodPost, path: collection(project), body: `{"x":{"deep":[1]},` + sound("e", mysql)[1:], status: 201},
		{reason: "limit 1", method: http.MethodGet, path: collection(project) + "?limit=1", status: 200},
		{reason: "limit 1000", method: http.MethodGet, path: collection(project) + "?limit=1000", status: 200},
		{reason: "offset 0", method: http.MethodGet, path: collection(project) + "?offset=0", status: 200},
		{reason: "an undescribed key of nonsense", method: http.MethodGet, path: collection(project) + "?=&&%zz=%zz&x;y", status: 200},
	} {
		t.Run(row.reason, func(t *testing.T) {
			m.with(t).do(row.method, row.path, row.body).want(t, row.status, "")
		})
	}
}

// Keys that differ from described ones in case are further keys: what was judged is what is stored.
func TestKeysInOtherCaseChangeNothing(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	for _, extra := range []string{`"Connector_Name":"not a name"`, `"CONNECTOR_NAME":5`, `"Source_Type":"nonsense"`, `"Source_Info":"{}"`, `"ſource_type":null`} {
		body := strings.TrimSuffix(sound("name", mysql), "}}") + "," + extra + `},"Data_Connector":{"connector_name":"x y"}}`
		m.do(http.MethodPost, collection(project), body).want(t, http.StatusCreated, "")
		c := m.list(project).Items[0]
		if info, _ := c.Info.(string); c.Name != "name" || c.Type != mysql || !strings.Contains(info, instances[mysql]) {
			t.Errorf("%s changed the connection to %+v", extra, c)
		}
		m.do(http.MethodDelete, item(project, c.ID), "").want(t, http.StatusNoContent, "")
	}
}

// A client that goes away in the middle of its body stores nothing, and is told if it still listens.
func TestBodyThatEndsTooEarly(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	for _, framing := range []string{
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(sound("name", mysql))+1, sound("name", mysql)),
		"Transfer-Encoding: chunked\r\n\r\nffff\r\n" + sound("name", mysql),
		"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n" + sound("name", mysql),
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(m.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		request := "POST " + collection(project) + " HTTP/1.1\r\nHost: mock\r\nConnection: close\r\nContent-Type: application/json\r\n" + framing
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"HTTP/1.1 400 ", "12000002", "body: cannot be read", "X-Request-Id: "} {
			if !strings.Contains(string(got), part) {
				t.Errorf("the answer lacks %q:\n%s", part, got)
			}
		}
	}
	m.wantList(project, nil)
	m.wantNoPasswordInLog()
}

// A query of many keys is judged, and one of more than the limit is refused, not ignored.
func TestManyQueryKeys(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{Limits: mockserver.Limits{URL: 1 << 20, Header: 2 << 20}})
	m.do(http.MethodGet, collection(project)+"?"+strings.Repeat("a&", 900)+"limit=0", "").want(t, http.StatusBadRequest, "12000002")
	m.do(http.MethodGet, collection(project)+"?"+strings.Repeat("a&", 400_000), "").want(t, http.StatusBadRequest, "12000002")
	m.wantList(project, nil)
}
