package storagetest

import (
	"fmt"
	"slices"
	"strings"
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

// String is the table in Markdown.
func (t *table) String() string {
	var b strings.Builder
	line := func(first string, cell func(column string) string) {
		b.WriteString("| " + first + " |")
		for _, column := range t.columns {
			b.WriteString(" " + cell(column) + " |")
		}
		b.WriteByte('\n')
	}
	line("", func(column string) string { return column })
	b.WriteString("|---|" + strings.Repeat("---|", len(t.columns)) + "\n")
	for _, row := range t.rows {
		line(row, func(column string) string { return t.cells[[2]string{row, column}] })
	}
	line(fmt.Sprintf("passed, of %d", len(t.rows)), func(column string) string {
		if failed := t.run[column] - t.passed[column]; failed > 0 {
			return fmt.Sprintf("%d, %d NOT", t.passed[column], failed)
		}
		return fmt.Sprint(t.passed[column])
	})
	if len(t.notes) > 0 {
		b.WriteByte('\n')
	}
	for i, note := range t.notes {
		fmt.Fprintf(&b, "(%d) not run: %s\n", i+1, note)
	}
	return b.String()
}
