package storagetest

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// table is which tests passed on what.
type table struct {
	rows, columns []string
	cells         map[[2]string]string
	notes         []string
	passed        map[string]int
	run           map[string]int
}

func newTable() *table {
	return &table{cells: map[[2]string]string{}, passed: map[string]int{}, run: map[string]int{}}
}

func (t *table) add(row, column string, passed, skipped bool) {
	t.run[column]++
	switch {
	case skipped:
		t.set(row, column, "SKIPPED")
	case passed:
		t.passed[column]++
		t.set(row, column, "ok")
	default:
		t.set(row, column, "FAILED")
	}
}

// note says why a test is not run.
func (t *table) note(row, column, why string) {
	index := slices.Index(t.notes, why)
	if index < 0 {
		index = len(t.notes)
		t.notes = append(t.notes, why)
	}
	t.set(row, column, fmt.Sprintf("- (%d)", index+1))
}

func (t *table) set(row, column, cell string) {
	if !slices.Contains(t.rows, row) {
		t.rows = append(t.rows, row)
	}
	if !slices.Contains(t.columns, column) {
		t.columns = append(t.columns, column)
	}
	t.cells[[2]string{row, column}] = cell
}

func (t *table) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(first string, cell func(column string) string) {
		fmt.Fprint(w, first)
		for _, column := range t.columns {
			fmt.Fprint(w, "\t", cell(column))
		}
		fmt.Fprintln(w)
	}
	line("test", func(column string) string { return column })
	for _, row := range t.rows {
		line(row, func(column string) string { return t.cells[[2]string{row, column}] })
	}
	line(fmt.Sprintf("passed, of %d", len(t.rows)), func(column string) string {
		if failed := t.run[column] - t.passed[column]; failed > 0 {
			return fmt.Sprintf("%d, %d NOT", t.passed[column], failed)
		}
		return fmt.Sprint(t.passed[column])
	})
	_ = w.Flush()
	for i, note := range t.notes {
		fmt.Fprintf(&b, "(%d) not run: %s\n", i+1, note)
	}
	return b.String()
}
