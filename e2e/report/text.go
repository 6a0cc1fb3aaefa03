package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Style is how a document is written for people.
type Style struct {
	// Color marks what passed and failed with the colours of a terminal.
	Color bool
	// Wide writes the whole names of resources, and how many assessments each cell stands for.
	Wide bool
}

const (
	green, red, yellow, dim, bold, plain = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
)

func (s Style) paint(color, text string) string {
	if !s.Color || color == "" {
		return text
	}
	return color + text + plain
}

// look is how a state is shown.
type look struct{ sign, color, legend string }

var looks = map[State]look{
	StatePassed:     {"✓", green, "passed"},
	StateFailed:     {"✗", red, "failed"},
	StateSkipped:    {"skipped", yellow, ""},
	StateUnfinished: {"unfinished", yellow, ""},
	StateNotRun:     {"not run", dim, ""},
	StateNotClaimed: {"–", dim, "not claimed"},
}

// legend is the order in which signs are explained.
var legend = []State{StatePassed, StateFailed, StateNotClaimed}

// cell is what stands in the table.
func (s Style) cell(c Cell) string {
	text := looks[c.State].sign
	switch {
	case c.State == StateFailed:
		text += fmt.Sprintf(" %d of %d", c.Failed, c.total())
	case c.State == StatePassed && c.Skipped > 0:
		text += fmt.Sprintf(" (%d skipped)", c.Skipped)
	case c.State == StatePassed && s.Wide:
		text += fmt.Sprintf(" %d", c.Passed)
	}
	return text
}

// headings are the names of the resources: without their group where all have the same.
func (d Document) headings(wide bool) []string {
	var short, full []string
	groups := map[string]bool{}
	for _, name := range d.Resources {
		parts := strings.SplitN(name, ".", 3)
		if len(parts) == 3 {
			groups[parts[2]] = true
		}
		short = append(short, strings.Join(parts[:min(len(parts), 2)], "."))
		full = append(full, strings.TrimSuffix(name, ".")) // That of an empty group.
	}
	if wide || len(groups) > 1 {
		return full
	}
	return short
}

// WriteTable writes the table of areas and resources, with a line that explains its signs. Without resources it writes nothing.
func (d Document) WriteTable(w io.Writer, style Style) error {
	if len(d.Resources) == 0 {
		return nil
	}
	head := append([]string{"AREA"}, d.headings(style.Wide)...)
	widths := make([]int, len(head))
	rows := make([][]string, len(d.Areas))
	for i, area := range d.Areas {
		rows[i] = []string{area.Name}
		for _, c := range area.Cells {
			rows[i] = append(rows[i], style.cell(c))
		}
	}
	for _, row := range append([][]string{head}, rows...) {
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	var b strings.Builder
	line := func(row []string, color func(column int) string) {
		for i, text := range row {
			b.WriteString(style.paint(color(i), text))
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+3))
			}
		}
		b.WriteString("\n")
	}
	line(head, func(int) string { return bold })
	seen := map[State]bool{}
	for i, row := range rows {
		line(row, func(column int) string {
			if column == 0 {
				return ""
			}
			state := d.Areas[i].Cells[column-1].State
			seen[state] = true
			return looks[state].color
		})
	}
	var explained []string
	for _, state := range legend {
		if seen[state] {
			explained = append(explained, style.paint(looks[state].color, looks[state].sign)+" "+looks[state].legend)
		}
	}
	if len(explained) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(explained, "   "))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// WriteText writes the document for people: the table, each failure with what is known of it, what was skipped and why, and the
// totals last.
func (d Document) WriteText(w io.Writer, style Style) error {
	if err := d.WriteTable(w, style); err != nil {
		return err
	}
	var b strings.Builder
	skipped := map[string][]Outcome{}
	for _, o := range d.Assessments {
		switch o.Result {
		case Failed:
			fmt.Fprintf(&b, "\n%s\n%s", style.paint(red, "✗ "+o.name()), indent(o.facts()))
		case Unfinished:
			fmt.Fprintf(&b, "\n%s\n%s", style.paint(yellow, "unfinished "+o.name()), indent(o.Reason+"\n"+o.facts()))
		case Skipped:
			skipped[o.Reason] = append(skipped[o.Reason], o)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(skipped)) {
		fmt.Fprintf(&b, "\n%s\n", style.paint(yellow, fmt.Sprintf("skipped %d: %s", len(skipped[reason]), reason)))
		for _, o := range skipped[reason] {
			fmt.Fprintf(&b, "    %s\n", o.name())
		}
	}
	for _, n := range d.NotTried {
		fmt.Fprintf(&b, "\n%s\n", style.paint(yellow, fmt.Sprintf("not tried: %s: %s", n.Resource, n.Reason)))
	}
	if d.Error != "" {
		fmt.Fprintf(&b, "\n%s\n", style.paint(red, d.Error))
	}
	unfinished := ""
	if d.Summary.Unfinished > 0 {
		unfinished = fmt.Sprintf(", %d unfinished", d.Summary.Unfinished)
	}
	color := map[Result]string{Passed: green, Failed: red, Unfinished: yellow}[d.Result]
	fmt.Fprintf(&b, "\n%s\n", style.paint(color, fmt.Sprintf("%s: %s: %d passed, %d failed, %d skipped%s in %.1f s",
		d.Title, count(d.Summary.total(), "assessment"), d.Summary.Passed, d.Summary.Failed, d.Summary.Skipped, unfinished, d.Seconds)))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// name is the assessment's, for people.
func (s Subject) name() string {
	about := s.Feature
	if s.Resource != "" && s.Area != "" {
		about = strings.TrimSuffix(s.Resource, ".") + " " + s.Area
	}
	if about == "" {
		return s.Assessment
	}
	return about + ": " + s.Assessment
}

// facts are what is known of a failure: what it logged, and what was asked of the cluster.
func (o Outcome) facts() string {
	var b strings.Builder
	if output := strings.TrimRight(o.Output, "\n"); output != "" {
		fmt.Fprintf(&b, "%s\n", output)
	}
	if len(o.Exchanges) > 0 {
		fmt.Fprintf(&b, "the last requests:\n%s", indent(lines(o.Exchanges)))
	}
	return b.String()
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("    " + line)
	}
	return b.String()
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
