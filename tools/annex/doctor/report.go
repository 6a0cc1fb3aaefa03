package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Report is what was found of all APIServices.
type Report struct {
	Diagnoses []Diagnosis `json:"diagnoses"`
}

// Wrong tells whether anything is.
func (r Report) Wrong() bool {
	for _, d := range r.Diagnoses {
		if d.Wrong != "" {
			return true
		}
	}
	return false
}

// Blind tells whether nothing at all could be found out about some APIService.
func (r Report) Blind() bool {
	for _, d := range r.Diagnoses {
		if !slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Link == LinkAPIService && f.Status != NotChecked }) {
			return true
		}
	}
	return false
}

// WriteJSON writes the report for programs.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// ANSI escapes (ECMA-48, 8.3.117).
const (
	green, red, yellow, bold, plain = "\x1b[32m", "\x1b[1;31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"
)

var colors = map[Status]string{OK: green, Wrong: red, NotChecked: yellow}

// WriteText writes the report for people: a table for each APIService, and under what is wrong the command that mends it.
func (r Report) WriteText(w io.Writer, color bool) error {
	paint := func(escape, text string) string {
		if !color {
			return text
		}
		return escape + text + plain
	}
	width := 0
	for _, name := range Links() {
		width = max(width, len(name))
	}
	var b strings.Builder
	for i, d := range r.Diagnoses {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %s\n", paint(bold, d.APIService), d.summary())
		for _, f := range d.Findings {
			// Padded before it is painted: escapes have no width.
			status := paint(colors[f.Status], fmt.Sprintf("%-*s", len(NotChecked), f.Status))
			fmt.Fprintf(&b, "  %-*s  %s  %s\n", width, f.Link, status, indented(f.Detail, width))
			if f.Mend != "" {
				fmt.Fprintf(&b, "  %-*s  %*s  %s\n", width, "", len(NotChecked), "mend:", f.Mend)
			}
			if f.Advice != "" {
				fmt.Fprintf(&b, "  %-*s  %*s  %s\n", width, "", len(NotChecked), adviceLabel(f), f.Advice)
			}
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// indented puts the lines of a detail under its first.
func indented(detail string, width int) string {
	return strings.ReplaceAll(strings.TrimSpace(detail), "\n", "\n"+strings.Repeat(" ", 2+width+2+len(NotChecked)+2))
}

// summary is a diagnosis in a few words.
func (d Diagnosis) summary() string {
	counts := map[Status]int{}
	for _, f := range d.Findings {
		counts[f.Status]++
	}
	switch {
	case d.Local:
		return "local, served by kube-apiserver itself"
	case d.Wrong != "":
		return d.Wrong + " is wrong"
	case counts[NotChecked] > 0:
		return fmt.Sprintf("nothing wrong was found; %d not checked", counts[NotChecked])
	}
	return "all is right"
}

// adviceLabel introduces an advice: it is all there is, or goes with a command.
func adviceLabel(f Finding) string {
	if f.Mend == "" {
		return "mend:"
	}
	return "note:"
}
