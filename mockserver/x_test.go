package mockserver_test
import ("testing";"github.com/counterpart-go/counterpart/mockserver")
func TestX(t *testing.T) { m := start(t, mockserver.Options{}); for _, q := range []string{"limit=5%20","limit=5+","offset=1%0a"} { a := m.do("GET", collection(project)+"?"+q, ""); t.Log(a.status, a.body) } }
