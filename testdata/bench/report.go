package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"text/template"
)

// machine is where the run took place.
type machine struct {
	CPU, System, Go, Commit, Wrk, Memory string
	Cores                                int
}

// describe notes what the numbers depend on.
func (h *harness) describe(ctx context.Context, f *findings) error {
	program, err := os.Stat(h.program)
	if err != nil {
		return fmt.Errorf("reading the size of the program: %w", err)
	}
	f.binaryMB = float64(program.Size()) / 1e6
	f.machine = machine{
		CPU:    field("/proc/cpuinfo", "model name"),
		Memory: memory(),
		System: strings.Trim(field("/etc/os-release", "PRETTY_NAME"), `"`) + ", " + runtime.GOOS + "/" + runtime.GOARCH,
		Go:     runtime.Version(),
		Cores:  runtime.NumCPU(),
		Commit: h.commit(ctx),
		Wrk:    wrkVersion(ctx),
	}
	return nil
}

// field is a value of a file of names and values, or "unknown".
func field(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if i := strings.IndexAny(line, ":="); i > 0 && strings.TrimSpace(line[:i]) == name {
			return strings.TrimSpace(line[i+1:])
		}
	}
	return "unknown"
}

// memory is that of the machine, in GB.
func memory() string {
	kB, _, _ := strings.Cut(field("/proc/meminfo", "MemTotal"), " ")
	n, err := strconv.ParseFloat(kB, 64)
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f GB", n/1024/1024)
}

// commit is the one that is checked out, and whether the program was built from something else.
func (h *harness) commit(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude=*")
	cmd.Dir = h.root
	out, err := cmd.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// wrkVersion is the first line of its help, for which it exits with 1.
func wrkVersion(ctx context.Context) string {
	out, _ := exec.CommandContext(ctx, "wrk", "--version").CombinedOutput()
	version, _, _ := strings.Cut(string(out), " [")
	return strings.TrimPrefix(version, "wrk ")
}

// goal is one line of the first table.
type goal struct {
	What, Goal, Measured string
	held                 verdict
}

// verdict on a goal. The zero value is for what was not measured.
type verdict string

const (
	held    verdict = "held"
	notHeld verdict = "**not held**"
)

// Held is the last column.
func (g goal) Held() string {
	if g.held == "" {
		return "–"
	}
	return string(g.held)
}

func judged(good bool) verdict {
	if good {
		return held
	}
	return notHeld
}

func (f *findings) goals() []goal {
	goals := []goal{
		{"start to the first answer, built-in document", "< 50 ms", fmt.Sprintf("%.1f ms", f.starts.toCreated), judged(f.starts.toCreated < 50)},
		{"memory idle, built-in document", "< 25 MB", fmt.Sprintf("%.1f MB", f.starts.idleRSS), judged(f.starts.idleRSS < 25)},
		{"size of the program, one static file", "< 25 MB", fmt.Sprintf("%.1f MB", f.binaryMB), judged(f.binaryMB < 25)},
		atLeast("valid POST, beside the echo server", 0.5, f.beside, bareEcho),
		atLeast("valid POST, beside Prism", 10, f.besidePrism, prism),
	}
	goals = append(goals, f.sizeGoals()...)
	for _, c := range f.stores[0].cells {
		if c.connections == 1 {
			p50 := c.ours().p50()
			what := fmt.Sprintf("page by %s among %s connectors, in memory", c.workload.title, grouped(f.stores[0].connectors))
			goals = append(goals, goal{what, "p50 < 5 ms", fmt.Sprintf("%.3f ms", p50), judged(p50 < 5)})
		}
	}
	return goals
}

// sizeGoals are those that a document's size must not spoil.
func (f *findings) sizeGoals() []goal {
	var goals []goal
	for _, s := range f.sizes {
		document := fmt.Sprintf("a document of %s operations", grouped(s.operations))
		switch {
		case s.server == ours && s.operations == smallDocument:
			goals = append(goals, goal{"start to the first answer, " + document, "< 50 ms", fmt.Sprintf("%.1f ms", s.ms), judged(s.ms < 50)})
		case s.server == ours && s.operations == largeDocument:
			goals = append(goals, goal{"start to the first answer, " + document, "< 300 ms", fmt.Sprintf("%.1f ms", s.ms), judged(s.ms < 300)},
				goal{"memory idle, " + document, "< 60 MB", fmt.Sprintf("%.1f MB", s.rss), judged(s.rss < 60)})
		}
	}
	lowest := 0.0
	for _, c := range f.sizeCells {
		if ratio := c.ratio(c.servers[0]); lowest == 0 || ratio < lowest {
			lowest = ratio
		}
	}
	what := fmt.Sprintf("rate with %s operations, beside %d", grouped(largeDocument), smallDocument)
	return append(goals, goal{what, "≥ 0.9 ×", fmt.Sprintf("%.2f ×", lowest), judged(lowest >= 0.9)})
}

// atLeast judges our rate by the lowest ratio at any number of connections.
func atLeast(what string, ratio float64, cells []cell, name string) goal {
	g := goal{What: what, Goal: fmt.Sprintf("≥ %g ×", ratio), Measured: "not measured"}
	var lowest float64
	for _, c := range cells {
		for _, s := range c.servers {
			if c.workload.title == creating().title && s.name == name && (lowest == 0 || c.ratio(s) < lowest) {
				lowest = c.ratio(s)
				g.Measured, g.held = fmt.Sprintf("%.2f × at %d connections", lowest, c.connections), judged(lowest >= ratio)
			}
		}
	}
	return g
}

// table is the rows of one workload, with or without other servers.
type table struct {
	Title, Says string
	Rows        []string
}

// tables groups the cells by workload, in their order.
func tables(cells []cell, row func(cell, contestant) string) []table {
	var all []table
	for _, c := range cells {
		if len(all) == 0 || all[len(all)-1].Title != c.workload.title {
			all = append(all, table{Title: c.workload.title, Says: c.workload.says})
		}
		last := &all[len(all)-1]
		for _, s := range c.servers {
			last.Rows = append(last.Rows, row(c, s))
		}
	}
	return all
}

func compared(c cell, s contestant) string {
	ratio := "1"
	if s.name != ours {
		ratio = fmt.Sprintf("%.2f", c.ratio(s))
	}
	return fmt.Sprintf("| %d | %s | %s | %.3f | %.3f | %.0f | %s |", c.connections, s.name, grouped(int(s.rate())), s.p50(), s.p99(), s.rss, ratio)
}

// against compares every server of a cell with the first.
func against(c cell, s contestant) string {
	ratio := "1"
	if first := c.servers[0]; s.name != first.name {
		ratio = fmt.Sprintf("%.2f", c.ratio(first))
	}
	return fmt.Sprintf("| %d | %s | %s | %.3f | %.3f | %.0f | %s |", c.connections, s.name, grouped(int(s.rate())), s.p50(), s.p99(), s.rss, ratio)
}

func sizeRows(all []sized) []string {
	var rows []string
	for _, s := range all {
		rows = append(rows, fmt.Sprintf("| %s | %s | %.0f | %.1f |", grouped(s.operations), s.server, s.ms, s.rss))
	}
	return rows
}

func alone(c cell, s contestant) string {
	return fmt.Sprintf("| %s | %d | %s | %.3f | %.3f |", c.workload.title, c.connections, grouped(int(s.rate())), s.p50(), s.p99())
}

// grouped writes a number with commas between the thousands.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

//go:embed page.md.tmpl
var pageTemplate string

// filtered is a store on the page.
type filtered struct {
	Name, Connectors, Seconds, Rate, RSS string
	Loaders                              int
	Rows                                 []string
}

func (st stored) filtered() filtered {
	out := filtered{Name: st.name, Connectors: grouped(st.connectors), Loaders: loaders, Seconds: fmt.Sprintf("%.0f", st.loading.Seconds()),
		Rate: grouped(int(st.rate())), RSS: fmt.Sprintf("%.0f", st.rss)}
	for _, t := range tables(st.cells, alone) {
		out.Rows = append(out.Rows, t.Rows...)
	}
	return out
}

// page is the Markdown.
func page(f *findings) string {
	var stores []filtered
	for _, st := range f.stores {
		stores = append(stores, st.filtered())
	}
	var out bytes.Buffer
	err := template.Must(template.New("page").Parse(pageTemplate)).Execute(&out, map[string]any{
		"Machine": f.machine, "Seconds": f.seconds, "Rounds": f.rounds, "Starts": startCount, "SizeStarts": startCount / 4,
		"ToHealth": fmt.Sprintf("%.1f", f.starts.toHealth), "ToCreated": fmt.Sprintf("%.1f", f.starts.toCreated), "IdleRSS": fmt.Sprintf("%.1f", f.starts.idleRSS),
		"Goals": f.goals(), "Beside": tables(f.beside, compared), "BesidePrism": tables(f.besidePrism, compared),
		"Sizes": sizeRows(f.sizes), "SizeCells": tables(f.sizeCells, against), "PrismSizeCells": tables(f.prismSizeCells, against),
		"PrismNote": f.prismNote, "PrismVersion": prismVersion, "Stores": stores,
	})
	if err != nil {
		panic(err) // the template and its values are both ours
	}
	return out.String()
}
