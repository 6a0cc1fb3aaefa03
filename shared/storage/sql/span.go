package sql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// span is a piece of the keys, to be read at one revision.
type span struct {
	// prefix is what the keys begin with; or the key, if exact.
	prefix string
	exact  bool
	// from is the first key to read, if not the first with the prefix. It may contain what no key does (NUL, which a
	// continue token has after the last key of a page).
	from string
	// revision is when; 0 is now.
	revision int64
	// limit is how many to read at most; 0 is all.
	limit int64
	// count asks for the number of all records if there are more than limit.
	count bool
}

// records are what is in a span.
type records struct {
	records []record
	// revision is the one that was read at.
	revision int64
	// more says that there are more records than were asked for.
	more bool
	// count is how many there are, those that were read included, if it was asked for.
	count int64
}

// read reads a span. The errors that say something about the revision are compactedError and futureError.
func (db *Database) read(ctx context.Context, s span) (result records, err error) {
	err = db.snapshot(ctx, func(ctx context.Context, tx *sql.Tx, at state) error {
		result.revision = at.revision
		if s.revision > 0 {
			result.revision = s.revision
			if s.revision > at.revision {
				return &futureError{revision: s.revision, current: at.revision}
			}
			if s.revision < at.compacted {
				return &compactedError{revision: s.revision, compacted: at.compacted}
			}
		}
		where, arguments := s.where()
		source := `SELECT key, rev, value FROM annex_current WHERE ` + where
		if result.revision < at.revision {
			// What was not written since is current; what was, is the previous value of the write that replaced it.
			arguments = append(arguments, result.revision)
			placeholder := fmt.Sprintf("$%d", len(arguments))
			source += ` AND rev <= ` + placeholder +
				` UNION ALL SELECT key, prev_rev, prev_value FROM annex_log WHERE ` + where +
				` AND rev > ` + placeholder + ` AND prev_rev <= ` + placeholder + ` AND prev_rev > 0`
		}
		if err := s.scan(ctx, tx, source, arguments, &result); err != nil {
			return err
		}
		if !result.more || !s.count {
			return nil
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM (`+source+`) AS span`, arguments...).Scan(&result.count)
	})
	return result, err
}

func (s span) scan(ctx context.Context, tx *sql.Tx, source string, arguments []any, result *records) error {
	query := source + ` ORDER BY key`
	if s.limit > 0 {
		query += fmt.Sprintf(` LIMIT %d`, s.limit+1)
	}
	rows, err := tx.QueryContext(ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if s.limit > 0 && int64(len(result.records)) == s.limit {
			result.more = true
			continue
		}
		var r record
		if err := rows.Scan(&r.key, &r.rev, &r.value); err != nil {
			return err
		}
		result.records = append(result.records, r)
	}
	return rows.Err()
}

// where is the condition on column key.
func (s span) where() (string, []any) {
	if s.exact {
		return `key = $1`, []any{s.prefix}
	}
	from, operator := s.prefix, `>=`
	if s.from > from {
		from = s.from
	}
	// No key has a NUL in it. So one that is not below "a\x00b" is above "a".
	if before, _, found := strings.Cut(from, "\x00"); found {
		from, operator = before, `>`
	}
	return `key ` + operator + ` $1 AND key < $2`, []any{from, prefixEnd(s.prefix)}
}

// prefixEnd is the first string after all that begin with a prefix, which ends in a slash.
func prefixEnd(prefix string) string {
	return prefix[:len(prefix)-1] + string(prefix[len(prefix)-1]+1)
}

// contains says whether a key is in the span, wherever it begins.
func (s span) contains(key string) bool {
	if s.exact {
		return key == s.prefix
	}
	return strings.HasPrefix(key, s.prefix)
}
