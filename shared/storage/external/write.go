package external

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	annexsql "example.com/annex/shared/storage/sql"
)

// maxAttempts is how often a write is tried that fails because of other transactions.
const maxAttempts = 5

// Write changes the row of an object, and what is kept beside it, in one transaction. In a context of TryOnly, it does all of
// that and takes it back.
func (t *Table) Write(ctx context.Context, w annexsql.RecordWrite) (annexsql.RecordWritten, error) {
	s := t.state.Load()
	if err := t.Ready(); err != nil {
		return annexsql.RecordWritten{}, unavailable(err)
	}
	namespace, name, ok := t.config.rowOf(w.Key)
	if !ok {
		return annexsql.RecordWritten{}, fmt.Errorf("writing %s: the key is none of %s", w.Key, t.config.Resource)
	}
	change, err := t.newChange(w, namespace, name)
	if err != nil {
		return annexsql.RecordWritten{}, fmt.Errorf("writing %s: %w", w.Key, err)
	}
	change.state = s
	for attempt := 1; ; attempt++ {
		written, err := t.tryWrite(ctx, w, change)
		switch state := code(err); {
		case err == nil:
			return written, nil
		case state == stateConflict || errors.Is(err, errGone):
			return annexsql.RecordWritten{Conflict: true}, nil
		case attempt < maxAttempts && (state == "40001" || state == "40P01"):
		default:
			return annexsql.RecordWritten{}, t.refusal(ctx, change, err)
		}
	}
}

// errGone says that the object is not there, or no longer as it was.
var errGone = errors.New("the object has changed")

// errKept says that the database did not do what it was told.
var errKept = errors.New("a trigger or rule of the database has kept the row from being written")

// change is a write, in terms of the table.
type change struct {
	*state
	namespace, name string
	// columns and values are what differs in the owner's row; nil is NULL.
	columns []string
	values  []*string
	// written is what publish wants to know.
	written string
	before  map[string]any
	after   map[string]any
}

func (t *Table) newChange(w annexsql.RecordWrite, namespace, name string) (*change, error) {
	c := &change{namespace: namespace, name: name}
	written := map[string]any{"key": w.Key, "expected": w.Expected}
	var err error
	if w.Before != nil {
		if c.before, err = decode(w.Before); err != nil {
			return nil, err
		}
	}
	if w.After != nil {
		if c.after, err = decode(w.After); err != nil {
			return nil, err
		}
		metadata, _ := c.after["metadata"].(map[string]any)
		written["uid"], written["created"] = metadata["uid"], metadata["creationTimestamp"]
		for _, column := range []string{"name", "namespace", "uid", "creationTimestamp", "generation", "resourceVersion", "selfLink"} {
			delete(metadata, column)
		}
		written["metadata"] = metadata
		rest := map[string]any{}
		for field, value := range c.after {
			if field != "apiVersion" && field != "kind" && field != "metadata" {
				rest[field] = value
			}
		}
		for _, column := range t.config.Mapping.Columns {
			c.add(column, rest)
			remove(rest, column.path())
		}
		written["rest"] = rest
	}
	data, err := json.Marshal(written)
	c.written = string(data)
	return c, err
}

// add has a column written, if its field is another than before.
func (c *change) add(column Column, after map[string]any) {
	is, was := lookup(after, column.path()), lookup(c.before, column.path())
	if column.ReadOnly || text(is) == text(was) && (is == nil) == (was == nil) {
		return
	}
	var value *string
	if is != nil {
		value = new(column.stored(text(is)))
	} else if value = column.Absent; value == nil && c.before == nil {
		return // The column has its default.
	}
	c.columns = append(c.columns, column.Name)
	c.values = append(c.values, value)
}

// tryWrite writes in one transaction. It locks the row first and annex_meta last.
func (t *Table) tryWrite(ctx context.Context, w annexsql.RecordWrite, c *change) (annexsql.RecordWritten, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tx, err := t.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return annexsql.RecordWritten{}, err
	}
	defer func() { _ = tx.Rollback() }()
	var key []string
	switch {
	case w.Before == nil:
		key, err = t.insert(ctx, tx, w.Key, c)
	case w.After == nil:
		key, err = t.delete(ctx, tx, w, c)
	default:
		key, err = t.update(ctx, tx, w, c)
	}
	if err != nil {
		return annexsql.RecordWritten{}, err
	}
	var written annexsql.RecordWritten
	var revision sql.NullInt64
	if err := tx.QueryRowContext(ctx, c.publish(), append(arguments(key), c.written)...).Scan(&revision, &written.Value); err != nil {
		return annexsql.RecordWritten{}, err
	}
	written.Revision = revision.Int64
	if triesOnly(ctx) {
		written.Revision = w.Expected
		// What would be checked at the commit.
		_, err := tx.ExecContext(ctx, `SET CONSTRAINTS ALL IMMEDIATE`)
		return written, err
	}
	if err := tx.Commit(); err != nil {
		return annexsql.RecordWritten{}, err
	}
	t.database.Wake()
	return written, nil
}

func arguments(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}

// publish calls the function with the key's columns, and what was written.
func (c *change) publish() string {
	var parameters strings.Builder
	for i, k := range c.program.Key {
		fmt.Fprintf(&parameters, "$%d::text::%s, ", i+1, k.Type)
	}
	return fmt.Sprintf(`SELECT new_revision, new_value FROM %s(%s$%d::jsonb)`, c.program.Publish, parameters.String(), len(c.program.Key)+1)
}

// keyIs is the condition that a row has a key, of parameters from the first on.
func (c *change) keyIs(first int) string {
	var all []string
	for i, k := range c.program.Key {
		all = append(all, fmt.Sprintf("%s = $%d::text::%s", k.Name, first+i, k.Type))
	}
	return strings.Join(all, " AND ")
}

// keyTexts are the columns of the key as text.
func (c *change) keyTexts() string {
	var all []string
	for _, k := range c.program.Key {
		all = append(all, k.Name+"::text")
	}
	return strings.Join(all, ", ")
}

func scanKey(row *sql.Row, columns int) ([]string, error) {
	key := make([]string, columns)
	into := make([]any, columns)
	for i := range key {
		into[i] = &key[i]
	}
	err := row.Scan(into...)
	return key, err
}

// typed is the n-th parameter as what a column is: without its length and precision, which then are checked.
func (c *change) typed(n int, column string) string {
	return fmt.Sprintf("$%d::text::%s", n, c.catalog.columns[column])
}

func (t *Table) insert(ctx context.Context, tx *sql.Tx, key string, c *change) ([]string, error) {
	var exists bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM `+c.program.Current+` WHERE key = $1)`, key).Scan(&exists); err != nil {
		return nil, err
	}
	if exists {
		return nil, errGone
	}
	columns, values := []string{t.config.Mapping.Name}, []any{c.name}
	if t.config.Mapping.Namespace != "" {
		columns, values = append(columns, t.config.Mapping.Namespace), append(values, c.namespace)
	}
	for i, column := range c.columns {
		columns, values = append(columns, column), append(values, c.values[i])
	}
	var names, parameters []string
	for i, column := range columns {
		names = append(names, quote(column))
		parameters = append(parameters, c.typed(i+1, column))
	}
	row := tx.QueryRowContext(ctx, fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s) RETURNING %s`,
		c.program.Table, strings.Join(names, ", "), strings.Join(parameters, ", "), c.keyTexts()), values...)
	made, err := scanKey(row, len(c.program.Key))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errKept
	}
	return made, err
}

// lock locks the row of an object that was last written at a revision, and returns its key.
func (t *Table) lock(ctx context.Context, tx *sql.Tx, w annexsql.RecordWrite, c *change) ([]string, error) {
	key, err := scanKey(tx.QueryRowContext(ctx, fmt.Sprintf(`SELECT %s FROM %s WHERE object_key = $1`, c.keyTexts(), c.program.Metadata), w.Key), len(c.program.Key))
	if err == nil {
		var locked int
		err = tx.QueryRowContext(ctx, fmt.Sprintf(`SELECT 1 FROM %s WHERE %s FOR UPDATE`, c.program.Table, c.keyIs(1)), arguments(key)...).Scan(&locked)
	}
	var revision int64
	if err == nil {
		// From here on nobody else publishes it, less one who publishes all anew: publish looks again.
		err = tx.QueryRowContext(ctx, `SELECT rev FROM `+c.program.Current+` WHERE key = $1`, w.Key).Scan(&revision)
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && revision != w.Expected {
		return nil, errGone
	}
	return key, err
}

func (t *Table) update(ctx context.Context, tx *sql.Tx, w annexsql.RecordWrite, c *change) ([]string, error) {
	key, err := t.lock(ctx, tx, w, c)
	if err != nil || len(c.columns) == 0 {
		return key, err
	}
	var sets []string
	var values []any
	for i, column := range c.columns {
		sets = append(sets, quote(column)+" = "+c.typed(i+1, column))
		values = append(values, c.values[i])
	}
	return key, executeOne(ctx, tx, fmt.Sprintf(`UPDATE %s SET %s WHERE %s`, c.program.Table, strings.Join(sets, ", "), c.keyIs(len(values)+1)),
		append(values, arguments(key)...))
}

func (t *Table) delete(ctx context.Context, tx *sql.Tx, w annexsql.RecordWrite, c *change) ([]string, error) {
	key, err := t.lock(ctx, tx, w, c)
	if err != nil {
		return nil, err
	}
	return key, executeOne(ctx, tx, fmt.Sprintf(`DELETE FROM %s WHERE %s`, c.program.Table, c.keyIs(1)), arguments(key))
}

// executeOne executes a statement that must change a row.
func executeOne(ctx context.Context, tx *sql.Tx, statement string, arguments []any) error {
	result, err := tx.ExecContext(ctx, statement, arguments...)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed == 0 {
		return errors.Join(errKept, err)
	}
	return nil
}
