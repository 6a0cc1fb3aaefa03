package external

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mapping says how the rows of a table are objects.
type Mapping struct {
	// Table is the owner's table, with its schema: "public.machines". It needs a primary key. Functions and tables beside it are
	// named after it, less the schema: so its name has 44 bytes at most, and is another than that of any other such table whose
	// objects are in the same schema of the server's. Required.
	Table string
	// Namespace is the text column that is the object's namespace. Empty: the objects belong to the whole cluster.
	Namespace string
	// Name is the text column that is the object's name. Required.
	Name string
	// Created is a column of type timestamptz with the object's creationTimestamp. Empty: it is when a row was first seen.
	Created string
	// Manager is as whom metadata.managedFields speaks of those who write SQL: a change of theirs takes the field from whoever
	// applied it, so that the next server-side apply of another value is a conflict. Required.
	Manager string
	// Columns are the others. Columns that are not named here are the owner's alone.
	Columns []Column
	// Constraints say which field is to blame when a constraint of the table refuses a write, by its name. Without it, that is
	// the first of the constraint's columns that has a field, and the message is the database's. Optional.
	Constraints map[string]Constraint
}

// Column is a column that is a field.
type Column struct {
	// Name is the column's.
	Name string
	// Path is where its value is in the version that is stored: "spec.cores". NULL is an absent field.
	Path string
	// Type is the field's.
	Type Type
	// Values are the words that the column has for those of the field: {"in_service": "InService"}. What is not here is the same
	// in both. For Text only.
	Values map[string]string
	// ReadOnly columns are written by the owner, or generated: what a client sends for them is ignored.
	ReadOnly bool
	// Absent is what is written where the field is absent: for a column that is NOT NULL, and has a word for nothing. Nil is
	// NULL, and when a row is inserted the column's default.
	Absent *string
}

// Type is the type of a field.
type Type string

// The types, each with the columns that it can be of.
const (
	// Text is a string, of any column: as PostgreSQL prints it.
	Text Type = "Text"
	// Int32 and Int64 are numbers, of smallint, integer and bigint.
	Int32 Type = "Int32"
	Int64 Type = "Int64"
	// Bool is true or false, of boolean.
	Bool Type = "Bool"
	// Decimal is a string such as "12.50", of numeric: a number with a fraction would not be the same in all programs.
	Decimal Type = "Decimal"
	// Date is a string such as "2026-01-31", of date.
	Date Type = "Date"
	// Time is a metav1.Time, of timestamptz. Fractions of seconds are not in it.
	Time Type = "Time"
)

// columnTypes are the types of columns (format_type with a modifier of -1) that a field can be of. Text is of any.
var columnTypes = map[Type][]string{
	Int32:   {"smallint", "integer", "bigint"},
	Int64:   {"smallint", "integer", "bigint"},
	Bool:    {"boolean"},
	Decimal: {"numeric"},
	Date:    {"date"},
	Time:    {"timestamp with time zone"},
}

// Constraint is what a constraint of the table is about.
type Constraint struct {
	// Path is the field.
	Path string
	// Message says what is wrong. Empty: the database's words.
	Message string
}

// maxIdentifier is how many bytes PostgreSQL keeps of a name
// (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).
const maxIdentifier = 63

// tableAlone is the Table without its schema.
func (m Mapping) tableAlone() string {
	_, table, _ := strings.Cut(m.Table, ".")
	return table
}

// validate reports what makes a Mapping unusable, whatever the table is.
func (m Mapping) validate() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if schema, table, ok := strings.Cut(m.Table, "."); !ok || schema == "" || table == "" || strings.Contains(table, ".") {
		complain("Table is %q: want a schema and a table, such as public.machines", m.Table)
	}
	if longest := "annex_" + m.tableAlone() + "_left_out_key"; len(longest) > maxIdentifier {
		complain("Table is %q: the name %s would have more than %d bytes, and PostgreSQL would cut it", m.Table, longest, maxIdentifier)
	}
	if m.Name == "" {
		complain("Name is not set: without it an object has no name")
	}
	if m.Manager == "" {
		complain("Manager is not set: managedFields need a word for those who write SQL")
	}
	columns, paths := map[string]bool{m.Name: true, m.Namespace: true}, map[string]bool{}
	for i, c := range m.Columns {
		_, typed := columnTypes[c.Type]
		root, field, nested := strings.Cut(c.Path, ".")
		switch {
		case c.Name == "" || columns[c.Name]:
			complain("Columns[%d]: the name %q is empty, or stands twice", i, c.Name)
		case root == "metadata" || !nested || slices.Contains(strings.Split(field, "."), ""):
			complain("Columns[%d] (%s): the path is %q: want one such as spec.cores", i, c.Name, c.Path)
		case paths[c.Path]:
			complain("Columns[%d] (%s): the path %s stands twice", i, c.Name, c.Path)
		case c.Type != Text && !typed:
			complain("Columns[%d] (%s): there is no type %q", i, c.Name, c.Type)
		case c.Type != Text && len(c.Values) > 0:
			complain("Columns[%d] (%s): only Text has Values", i, c.Name)
		}
		columns[c.Name], paths[c.Path] = true, true
		words := map[string]bool{}
		for _, word := range c.Values {
			if words[word] {
				complain("Columns[%d] (%s): the value %q stands twice", i, c.Name, word)
			}
			words[word] = true
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the mapping of table %s: %w", m.Table, err)
	}
	return nil
}

// path is a Column's Path, in parts.
func (c Column) path() []string { return strings.Split(c.Path, ".") }

// stored is the column's word for a value of the field.
func (c Column) stored(value string) string {
	for word, of := range c.Values {
		if of == value {
			return word
		}
	}
	return value
}

// column is the Column of a name; ok is false if it has no field.
func (m Mapping) column(name string) (Column, bool) {
	i := slices.IndexFunc(m.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return m.Columns[i], true
}
