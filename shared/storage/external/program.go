package external

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

//go:embed templates/*.sql
var templates embed.FS

// The SQLSTATEs of what publish refuses: of a class that PostgreSQL leaves to others
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	stateConflict   = "AX001" // the object was written since
	stateExists     = "AX002" // another row is that object
	stateNoObject   = "AX003" // the row is no object, or another
	stateLostColumn = "AX004" // the table lacks a column
)

// The forms of names (RFC 1123, as k8s.io/apimachinery/pkg/util/validation has them).
const (
	label     = `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	subdomain = `^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
)

// notifyChannel is what package sql listens to.
const notifyChannel = "annex_log"

// maxArguments is how many arguments a function of PostgreSQL has at most, less a few.
const maxArguments = 80

// program is the SQL of a Mapping on a table, and the names in it.
type program struct {
	// All names are quoted, with their schemas.
	Table, Metadata, LeftOut, Control        string
	Publish, Written, Truncated, Backfill    string
	Meta, Current, Log, Manage, LeftOutIndex string
	Key                                      []keyColumn

	// What follows is not quoted.
	TableName, Name, Namespace    string
	Prefix, APIVersion, Kind      string
	Manager, Channel              string
	Subdomain, Label              string
	Conflict, Exists, NoObject    string
	LostColumn                    string
	NameProblem, NamespaceProblem string // expressions
	Needed, Created, Object       string // expressions
	Checks                        []check
	Fields                        []fieldExpression
	// all is the SQL itself.
	all string
}

// keyColumn is a column of the owner's primary key.
type keyColumn struct {
	// Column is its name, and Name the same, quoted.
	Column, Name string
	Type         string
	// Parameter is what functions call its value; Next is another value.
	Parameter, Next string
}

// check is what a value has to be so that its field can hold it. Both are expressions.
type check struct{ Holds, Problem string }

// fieldExpression is a field whose owner is kept: its path in the object, and those in managedFields.
type fieldExpression struct{ Path, Managed string }

// newProgram makes the SQL.
func newProgram(config Config, c *catalog) (*program, error) {
	m := config.Mapping
	table := m.tableAlone()
	in := func(name string) string { return quote(c.schema) + "." + quote(name) }
	own := func(part string) string { return in("annex_" + table + "_" + part) }
	p := &program{
		Table: quote(m.Table), Metadata: own("metadata"), LeftOut: own("left_out"), LeftOutIndex: quote("annex_" + table + "_left_out_key"),
		Publish: own("publish"), Written: own("written"), Truncated: own("truncated"), Backfill: own("backfill"),
		Control: in("annex_external"), Manage: in("annex_external_manage"),
		Meta: in("annex_meta"), Current: in("annex_current"), Log: in("annex_log"),
		TableName: m.Table, Name: m.Name, Namespace: m.Namespace,
		Prefix: config.prefix(), APIVersion: config.Kind.GroupVersion().String(), Kind: config.Kind.Kind,
		Manager: m.Manager, Channel: notifyChannel, Subdomain: subdomain, Label: label,
		Conflict: stateConflict, Exists: stateExists, NoObject: stateNoObject, LostColumn: stateLostColumn,
		NameProblem:      described(m.Name, "is no DNS-1123 subdomain"),
		NamespaceProblem: described(m.Namespace, "is no DNS-1123 label"),
		Created:          "NULL",
	}
	needed := append([]string{m.Name}, c.key...)
	if m.Namespace != "" {
		needed = append(needed, m.Namespace)
	}
	for i, column := range c.key {
		p.Key = append(p.Key, keyColumn{
			Column: column, Name: quote(column), Type: c.columns[column],
			Parameter: fmt.Sprintf("annex_k%d", i+1), Next: fmt.Sprintf("annex_n%d", i+1),
		})
	}
	if m.Created != "" {
		needed = append(needed, m.Created)
		p.Created = fmt.Sprintf(`CASE WHEN %s THEN (owned->>%s)::timestamptz END`, matches(m.Created, timeForm), literal(m.Created))
	}
	root := node{}
	for _, column := range m.Columns {
		needed = append(needed, column.Name)
		if holds := column.holds(); holds != "" {
			p.Checks = append(p.Checks, check{holds, described(column.Name, "can't be in "+column.Path)})
		}
		if err := root.add(column.path(), column.value()); err != nil {
			return nil, fmt.Errorf("the mapping of table %s: column %s: %w", m.Table, column.Name, err)
		}
		managed, err := config.managed(column)
		if err != nil {
			return nil, err
		}
		p.Fields = append(p.Fields, fieldExpression{Path: literal("{" + strings.Join(column.path(), ",") + "}"), Managed: literal(managed)})
	}
	slices.Sort(needed)
	p.Needed = literals(slices.Compact(needed))
	p.Object = root.expression(nil)
	return p, p.execute()
}

func (p *program) execute() error {
	parsed, err := template.New("").Funcs(template.FuncMap{"literal": literal, "names": keyNames}).ParseFS(templates, "templates/*.sql")
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, part := range []string{"control.sql", "tables.sql", "publish.sql", "triggers.sql"} {
		if err := parsed.ExecuteTemplate(&text, part, p); err != nil {
			return err
		}
	}
	p.all = text.String()
	return nil
}

// hash tells one program from another.
func (p *program) hash() string {
	sum := sha256.Sum256([]byte(p.all))
	return hex.EncodeToString(sum[:])
}

// KeyOf is the condition that a row of an alias has the key that the function was called with.
func (p *program) KeyOf(alias string) string {
	var all []string
	for _, k := range p.Key {
		all = append(all, alias+"."+k.Name+" = "+k.Parameter)
	}
	return strings.Join(all, " AND ")
}

// Parameters are the values of the key that the function was called with.
func (p *program) Parameters() string {
	var all []string
	for _, k := range p.Key {
		all = append(all, k.Parameter)
	}
	return strings.Join(all, ", ")
}

func keyNames(key []keyColumn) string {
	var all []string
	for _, k := range key {
		all = append(all, k.Name)
	}
	return strings.Join(all, ", ")
}

// described is an expression: what is wrong with the value of a column.
func described(column, problem string) string {
	return fmt.Sprintf(`%s || coalesce(quote_literal(left(owned->>%s, 64)), 'NULL')`, literal(column+" "+problem+": "), literal(column))
}

// What to_jsonb makes of a date and of a timestamptz that is neither infinite nor before the year 1 or after 9999.
const (
	dateForm = `^\d{4}-\d{2}-\d{2}$`
	timeForm = `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?\+00:00$`
)

func matches(column, form string) string {
	return fmt.Sprintf(`coalesce(owned->>%s ~ %s, false)`, literal(column), literal(form))
}

// holds is an expression: the field can hold the value. Empty: any.
func (c Column) holds() string {
	value := "owned->" + literal(c.Name)
	of := func(kind, condition string) string {
		return fmt.Sprintf(`CASE jsonb_typeof(%s) WHEN 'null' THEN true WHEN '%s' THEN %s ELSE false END`, value, kind, condition)
	}
	within := func(least, most string) string {
		return fmt.Sprintf(`(%s)::numeric BETWEEN %s AND %s AND (%s)::numeric %% 1 = 0`, value, least, most, value)
	}
	switch c.Type {
	case Int32:
		return of("number", within("-2147483648", "2147483647"))
	case Int64:
		return of("number", within("-9223372036854775808", "9223372036854775807"))
	case Bool:
		return of("boolean", "true")
	case Decimal:
		return of("number", "true")
	case Date:
		return of("string", matches(c.Name, dateForm))
	case Time:
		return of("string", matches(c.Name, timeForm))
	}
	return ""
}

// value is an expression: what the field holds.
func (c Column) value() string {
	name := literal(c.Name)
	switch c.Type {
	case Int32, Int64, Bool:
		return "owned->" + name
	case Time:
		return fmt.Sprintf(`left(owned->>%s, 19) || 'Z'`, name)
	}
	if len(c.Values) == 0 {
		return "owned->>" + name
	}
	var cases strings.Builder
	for _, word := range sortedKeys(c.Values) {
		fmt.Fprintf(&cases, " WHEN %s THEN %s", literal(word), literal(c.Values[word]))
	}
	return fmt.Sprintf(`CASE owned->>%s%s ELSE owned->>%s END`, name, cases.String(), name)
}

// managed says where a column's field is in managedFields, by version.
func (config Config) managed(c Column) (string, error) {
	paths := map[string][]string{}
	for _, version := range config.Versions {
		path := c.Path
		if config.FieldPath != nil {
			path = config.FieldPath(version, path)
		}
		var fields []string
		for _, part := range strings.Split(path, ".") {
			fields = append(fields, "f:"+part)
		}
		paths[config.Kind.Group+"/"+version] = fields
	}
	data, err := json.Marshal(paths)
	return string(data), err
}

// node is an object in the object, with what columns give it: other nodes, or expressions.
type node map[string]any

func (n node) add(path []string, expression string) error {
	if len(path) == 1 {
		if _, ok := n[path[0]]; ok {
			return fmt.Errorf("%s is an object to another column", path[0])
		}
		n[path[0]] = expression
		return nil
	}
	if _, ok := n[path[0]]; !ok {
		n[path[0]] = node{}
	}
	below, ok := n[path[0]].(node)
	if !ok {
		return fmt.Errorf("%s is a value to another column", path[0])
	}
	return below.add(path[1:], expression)
}

// expression is the node as jsonb: what no column holds, and the columns. Below spec and status, an object without anything is
// absent.
func (n node) expression(path []string) string {
	rest := "side.object_rest"
	if len(path) > 0 {
		rest = fmt.Sprintf(`coalesce(side.object_rest #> %s, '{}')`, literal("{"+strings.Join(path, ",")+"}"))
	}
	var parts []string
	var arguments []string
	build := func() {
		if len(arguments) > 0 {
			parts = append(parts, "jsonb_strip_nulls(jsonb_build_object("+strings.Join(arguments, ", ")+"))")
			arguments = nil
		}
	}
	for _, name := range sortedKeys(n) {
		value, ok := n[name].(string)
		if !ok {
			value = n[name].(node).expression(append(slices.Clone(path), name))
		}
		arguments = append(arguments, literal(name), value)
		if len(arguments) >= maxArguments {
			build()
		}
	}
	build()
	expression := "(" + rest + " || " + strings.Join(parts, " || ") + ")"
	if len(path) > 1 {
		return "nullif(" + expression + ", '{}')"
	}
	return expression
}
