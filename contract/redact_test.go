package contract

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestRedactForms(t *testing.T) {
	const value = `p"a/s\s <é&+%=`
	marshal := func(v string) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	forms := map[string]string{
		"itself":            value,
		"JSON":              marshal(value),
		"JSON, as Go":       `{"a":"p\"a/s\\s \u003cé\u0026+%="}`,
		"JSON, as PHP":      `{"a":"p\"a\/s\\s <\u00e9&+%="}`,
		"JSON, as Python":   `{"a":"p\"a/s\\s <\u00e9&+%="}`,
		"JSON in JSON":      marshal(marshal(value)),
		"query":             "a=" + url.QueryEscape(value),
		"path":              "/a/" + url.PathEscape(value) + "/b",
		"query, lower case": "a=p%22a%2fs%5cs+%3c%c3%a9%26%2b%25%3d",
		"URI component":     "a=p%22a%2Fs%5Cs%20%3C%C3%A9%26%2B%25%3D",
		"base64":            base64.StdEncoding.EncodeToString([]byte(value)),
		"base64, unpadded":  base64.RawURLEncoding.EncodeToString([]byte(value)),
	}
	r := newRedactor([]Secret{{"TOKEN", value}})
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			got := r.text("before " + form + " after")
			if !strings.Contains(got, "$TOKEN") || strings.Contains(got, `p"a`) || strings.Contains(got, `s\s`) || len(got) > len("before  after$TOKEN")+10 {
				t.Errorf("%s became %s", form, got)
			}
		})
	}
}

func TestRedactText(t *testing.T) {
	tests := []struct {
		name    string
		secrets []Secret
		text    string
		want    string
	}{
		{"none", nil, "hunter2", "hunter2"},
		{"every", []Secret{{"A", "hunter2"}}, "hunter2, hunter2hunter2", "$A, $A$A"},
		{"longest first", []Secret{{"SHORT", "hunter2"}, {"LONG", "hunter2secret"}}, "hunter2secret hunter2", "$LONG $SHORT"},
		{"overlapping", []Secret{{"A", "abcdef"}, {"B", "defghijk"}}, "-abcdefghijk-", "-$B-"},
		{"overlapping itself", []Secret{{"A", "abab"}}, "-ababab-", "-$A-"},
		{"too short", []Secret{{"A", "abc"}}, "abc", "abc"},
		{"mask", []Secret{{"A", "*****"}, {"B", "xxxxxx"}, {"C", ""}}, "***** xxxxxx", "***** xxxxxx"},
		{"in its own name", []Secret{{"MY_TOKEN", "TOKEN"}}, "TOKEN", "$MY_***"},
		{"completed by its neighbours", []Secret{{"AB", "hunter2"}, {"C", "ABcd"}}, "hunter2cd", "$***"},
		{"completed by a mask", []Secret{{"TOKEN", "TOKEN"}, {"C", "***x"}}, "TOKENx", "$***"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := newRedactor(tt.secrets).text(tt.text); got != tt.want {
				t.Errorf("%s became %s, want %s", tt.text, got, tt.want)
			}
		})
	}
	if got := (*redactor)(nil).text("hunter2"); got != "hunter2" {
		t.Errorf("nil changes a text to %s", got)
	}
}

func TestRedactShell(t *testing.T) {
	secrets := []Secret{{"TOKEN", "hunter2"}, {"QUOTED", `it's"quoted`}, {"not a name", "hunter3"}}
	tests := []struct{ name, text, want string }{
		{"none", "it's", `'it'\''s'`},
		{"itself", "X-Auth-Token: hunter2", `'X-Auth-Token: '"$TOKEN"''`},
		{"twice", "hunter2hunter2", `''"$TOKEN"''"$TOKEN"''`},
		{"with quotes", `a'it's"quoted'b`, `'a'\'''"$QUOTED"''\''b'`},
		{"JSON that is the value", `{"a":"hunter2"}`, `'{"a":"'"$TOKEN"'"}'`},
		{"JSON that is not", `{"a":"it's\"quoted"}`, `'{"a":"$QUOTED"}'`},
		{"base64", "aHVudGVyMg==", `'$TOKEN'`},
		{"no name", "hunter3", `'$not a name'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := newRedactor(secrets).shell(tt.text); got != tt.want {
				t.Errorf("%s became %s, want %s", tt.text, got, tt.want)
			}
		})
	}
	if got := (*redactor)(nil).shell("it's"); got != `'it'\''s'` {
		t.Errorf("nil changes a word to %s", got)
	}
}

// TestShellReplays has a shell put the variables in: the word is the text again, to the byte.
func TestShellReplays(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	const token, quoted = "hunter2 $HOME `id`", `it's "quoted" \n`
	r := newRedactor([]Secret{{"TOKEN", token}, {"QUOTED", quoted}})
	for _, text := range []string{token, quoted, "a '" + token + "' b", quoted + quoted + token, `{"a":"` + token + `"}`} {
		word := r.shell(text)
		if strings.Contains(word, token) || strings.Contains(word, quoted) {
			t.Errorf("%s shows a secret", word)
		}
		cmd := exec.CommandContext(t.Context(), sh, "-c", "printf %s "+word)
		cmd.Env = append(os.Environ(), "TOKEN="+token, "QUOTED="+quoted)
		if got, err := cmd.Output(); err != nil || string(got) != text {
			t.Errorf("sh makes %q of %s (%v), want %q", got, word, err, text)
		}
	}
}

func TestSecretsOfATarget(t *testing.T) {
	base, err := URL("https://user:hunter2@example.com")
	if err != nil {
		t.Fatal(err)
	}
	r := newRedactor(secretsOf(WithPace(WithCredentials(base, Credentials{Token: "hunter3"}, nil), Pace{})))
	if got := r.text("hunter2 hunter3 Basic dXNlcjpodW50ZXIy"); got != "$COUNTERPART_PASSWORD $COUNTERPART_TOKEN Basic $COUNTERPART_BASIC" {
		t.Errorf("got %s", got)
	}
	if got := secretsOf(Handler(nil)); got != nil {
		t.Errorf("a handler has the secrets %v", got)
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("hunter2", "TOKEN", "the hunter2 and the hunter2", "secret", "OTHER")
	f.Add("TOKEN", "MY_TOKEN", "TOKENTOKEN", "$MY_", "A")
	f.Add(`'"$T`, "TOKEN", "TOKEN it's", `'\''`, "B")
	f.Add("***a", "A", "***a***a", "a***", "***a")
	f.Add(`''''`, "A", `''''''''`, `'***`, "")
	f.Add("\xff\xfe\xfd\xfc", "A", "\xff\xff\xfe\xfd\xfc\xfb", `\ufffd`, "B")
	f.Fuzz(func(t *testing.T, value, variable, text, value2, variable2 string) {
		if len(value)+len(value2) > 200 || len(text) > 2000 || len(variable)+len(variable2) > 100 {
			t.Skip("long ones are not different, but slow")
		}
		secrets := []Secret{{variable, value}, {variable2, value2}}
		r := newRedactor(secrets)
		encoded := url.QueryEscape(value) + base64.StdEncoding.EncodeToString([]byte(value2))
		for _, got := range []string{r.text(text), r.text(value + text + value2), r.text(text + encoded + value), r.shell(text), r.shell(value2 + text + value + encoded)} {
			for _, s := range secrets {
				if isSecret(s.Value) && strings.Contains(got, s.Value) {
					t.Errorf("%q shows the secret %q", got, s.Value)
				}
			}
		}
		if !isSecret(value) && !isSecret(value2) && (r.text(text) != text || r.shell(text) != shellQuote(text)) {
			t.Errorf("without secrets %q was changed", text)
		}
	})
}
