package external

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// catalog is what PostgreSQL knows of the owner's table.
type catalog struct {
	// schema is where the tables of package sql are.
	schema string
	// columns are the types of the columns, without length and precision: an explicit cast to these would cut and round. That of
	// char(n) is bpchar: character alone would be char(1).
	columns map[string]string
	// key are the columns of the primary key.
	key []string
	// constraints are the columns of each constraint, by its name.
	constraints map[string]constraint
}

type constraint struct {
	// kind is pg_constraint's: p, u, f, c, x.
	kind    string
	columns []string
}

// querier is a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readCatalog reads what there is of a table, and fails if the mapping does not fit it.
func readCatalog(ctx context.Context, db querier, m Mapping) (*catalog, error) {
	c := &catalog{columns: map[string]string{}, constraints: map[string]constraint{}}
	var found bool
	if err := db.QueryRowContext(ctx, `SELECT current_schema(), to_regclass($1) IS NOT NULL`, quote(m.Table)).Scan(&c.schema, &found); err != nil {
		return nil, fmt.Errorf("looking for table %s: %w", m.Table, err)
	}
	if !found {
		return nil, &mappingError{fmt.Errorf("there is no table %s, or no right to its schema", m.Table)}
	}
	err := each(ctx, db, `
		SELECT attname, format_type(atttypid, -1) FROM pg_attribute
		WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
		quote(m.Table), func(rows *sql.Rows) error {
			var name, kind string
			err := rows.Scan(&name, &kind)
			c.columns[name] = kind
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("reading the columns of %s: %w", m.Table, err)
	}
	err = each(ctx, db, `
		SELECT c.conname, c.contype::text, (
			SELECT coalesce(json_agg(a.attname ORDER BY k.n), '[]')::text
			FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, n) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum)
		FROM pg_constraint c WHERE c.conrelid = to_regclass($1) AND c.contype IN ('p', 'u', 'f', 'c', 'x')`,
		quote(m.Table), c.addConstraint)
	if err != nil {
		return nil, fmt.Errorf("reading the constraints of %s: %w", m.Table, err)
	}
	// What is unique need not be a constraint.
	err = each(ctx, db, `
		SELECT i.relname, 'u', (
			SELECT coalesce(json_agg(a.attname ORDER BY k.n), '[]')::text
			FROM unnest(x.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n) JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum)
		FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
		WHERE x.indrelid = to_regclass($1) AND x.indisunique AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid AND c.conrelid = x.indrelid)`,
		quote(m.Table), c.addConstraint)
	if err != nil {
		return nil, fmt.Errorf("reading the unique indexes of %s: %w", m.Table, err)
	}
	return c, c.check(m)
}

func (c *catalog) addConstraint(rows *sql.Rows) error {
	var name, kind string
	var columns []byte
	if err := rows.Scan(&name, &kind, &columns); err != nil {
		return err
	}
	of := constraint{kind: kind}
	if err := json.Unmarshal(columns, &of.columns); err != nil {
		return err
	}
	c.constraints[name] = of
	if kind == "p" {
		c.key = of.columns
	}
	return nil
}

func each(ctx context.Context, db querier, query, argument string, scan func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query, argument)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// mappingError says that a mapping and a table don't fit.
type mappingError struct{ error }

func (e *mappingError) Unwrap() error { return e.error }

// check fails if the mapping names what the table has not.
func (c *catalog) check(m Mapping) error {
	var errs []error
	want := func(column, purpose string, types ...string) {
		kind, found := c.columns[column]
		switch {
		case !found:
			errs = append(errs, fmt.Errorf("table %s has no column %s (%s)", m.Table, column, purpose))
		case len(types) > 0 && !slices.Contains(types, kind):
			errs = append(errs, fmt.Errorf("column %s of table %s (%s) is of type %s, not %v", column, m.Table, purpose, kind, types))
		}
	}
	if len(c.key) == 0 {
		errs = append(errs, fmt.Errorf("table %s has no primary key", m.Table))
	}
	want(m.Name, "metadata.name")
	if m.Namespace != "" {
		want(m.Namespace, "metadata.namespace")
	}
	if m.Created != "" {
		want(m.Created, "metadata.creationTimestamp", "timestamp with time zone")
	}
	for _, column := range m.Columns {
		want(column.Name, column.Path, columnTypes[column.Type]...)
	}
	if err := errors.Join(errs...); err != nil {
		return &mappingError{fmt.Errorf("the mapping does not fit: %w", err)}
	}
	return nil
}
