package external

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"k8s.io/klog/v2"
)

const (
	// installLockTimeout is how long making a trigger waits for transactions of the owner. Meanwhile all others that would write
	// wait behind it: so, not longer.
	installLockTimeout = 200 * time.Millisecond

	// installLock keeps processes apart that install: "annex" in ASCII, and a digit, as package sql's.
	installLock = 0x616e6e657833

	// triggerWritten is the owner's trigger. Of triggers on one event, those go first whose names do: this one locks annex_meta, and
	// after that no other should lock rows.
	triggerWritten   = "zz_annex_written"
	triggerTruncated = "zz_annex_truncated"

	// SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
	stateLockNotAvailable = "55P03"
)

// install brings functions, tables and triggers to what the Mapping says. It tries until the owner's transactions leave it a
// moment.
func (t *Table) install(ctx context.Context) (*state, error) {
	for attempt := 1; ; attempt++ {
		s, err := t.tryInstall(ctx)
		if code(err) != stateLockNotAvailable {
			return s, err
		}
		if attempt == 10 {
			klog.FromContext(ctx).Info("Transactions of the table's owner are in the way of a trigger, which is tried on and on", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(installLockTimeout/2 + rand.N(installLockTimeout)):
		}
	}
}

func (t *Table) tryInstall(ctx context.Context) (*state, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tx, err := t.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`SET LOCAL lock_timeout = '%dms'`, installLockTimeout.Milliseconds())); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, installLock); err != nil {
		return nil, err
	}
	s, err := t.describe(ctx, tx)
	if err != nil {
		return nil, err
	}
	installed, err := s.installed(ctx, tx)
	if err != nil {
		return nil, err
	}
	triggers, err := s.triggers(ctx, tx)
	if err != nil {
		return nil, errors.Join(err, t.again(ctx, s, installed, err))
	}
	if installed == s.program.hash() && len(triggers) == 0 {
		return s, nil
	}
	if err := s.refuseNamesake(ctx, tx); err != nil {
		return nil, err
	}
	klog.FromContext(ctx).Info("Installing functions and triggers of the table", "before", installed, "now", s.program.hash())
	if _, err := tx.ExecContext(ctx, s.program.all); err != nil {
		return nil, fmt.Errorf("installing the functions of table %s: %w", t.config.Mapping.Table, err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO `+s.program.Control+` (name, prefix, hash, complete) VALUES ($1, $2, $3, false)
		ON CONFLICT (name) DO UPDATE SET prefix = excluded.prefix, hash = excluded.hash, complete = false, position = NULL`,
		s.program.TableName, s.program.Prefix, s.program.hash())
	if err != nil {
		return nil, err
	}
	for _, trigger := range triggers {
		if _, err := tx.ExecContext(ctx, trigger); err != nil {
			return nil, fmt.Errorf("making a trigger on table %s, for which the right TRIGGER is needed: %w", t.config.Mapping.Table, err)
		}
	}
	return s, tx.Commit()
}

// describe reads the catalog, and makes the program.
func (t *Table) describe(ctx context.Context, db querier) (*state, error) {
	c, err := readCatalog(ctx, db, t.config.Mapping)
	if err != nil {
		return nil, err
	}
	p, err := newProgram(t.config, c)
	if err != nil {
		return nil, err
	}
	return &state{program: p, catalog: c}, nil
}

// installed is the hash of what is installed; empty if nothing is.
func (s *state) installed(ctx context.Context, db querier) (hash string, err error) {
	var exists bool
	err = db.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, s.program.Control).Scan(&exists)
	if err != nil || !exists {
		return "", err
	}
	err = db.QueryRowContext(ctx, `SELECT hash FROM `+s.program.Control+` WHERE name = $1`, s.program.TableName).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return hash, err
}

// refuseNamesake fails if the names of functions and tables are those of a table in another schema.
func (s *state) refuseNamesake(ctx context.Context, db querier) error {
	var exists bool
	if err := db.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, s.program.Control).Scan(&exists); err != nil || !exists {
		return err
	}
	var other string
	err := db.QueryRowContext(ctx, `SELECT name FROM `+s.program.Control+` WHERE name <> $1 AND split_part(name, '.', 2) = split_part($1, '.', 2)`, s.program.TableName).Scan(&other)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return &mappingError{fmt.Errorf("table %s has the name of %s, which is served from here already: have its server use another schema of its own (search_path)", s.program.TableName, other)}
}

// again has all rows looked at once a trigger that is not what it should be is mended: what was written meanwhile it has not seen.
func (t *Table) again(ctx context.Context, s *state, installed string, err error) error {
	if installed == "" || !isMapping(err) {
		return nil
	}
	_, err = t.pool.ExecContext(ctx, `UPDATE `+s.program.Control+` SET complete = false, position = NULL WHERE name = $1 AND (complete OR position IS NOT NULL)`, s.program.TableName)
	return err
}

// triggers are the statements that make those which are missing. It fails if there is one that is disabled or calls another
// function: only the table's owner can change that.
func (s *state) triggers(ctx context.Context, db querier) (missing []string, err error) {
	for _, trigger := range []struct{ name, function, statement string }{
		{triggerWritten, s.program.Written, `CREATE CONSTRAINT TRIGGER ` + triggerWritten + ` AFTER INSERT OR UPDATE OR DELETE ON ` + s.program.Table +
			` DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ` + s.program.Written + `()`},
		{triggerTruncated, s.program.Truncated, `CREATE TRIGGER ` + triggerTruncated + ` AFTER TRUNCATE ON ` + s.program.Table +
			` FOR EACH STATEMENT EXECUTE FUNCTION ` + s.program.Truncated + `()`},
	} {
		var enabled, own bool
		// O and A fire for what clients write (https://www.postgresql.org/docs/current/catalog-pg-trigger.html).
		err := db.QueryRowContext(ctx, `
			SELECT tgenabled IN ('O', 'A'), coalesce(tgfoid = to_regproc($3), false) FROM pg_trigger WHERE tgrelid = to_regclass($1) AND tgname = $2`,
			s.program.Table, trigger.name, trigger.function).Scan(&enabled, &own)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			missing = append(missing, trigger.statement)
		case err != nil:
			return nil, err
		case !own:
			return nil, &mappingError{fmt.Errorf("the trigger %s of table %s calls another function than %s, perhaps of another installation: its owner has to drop it", trigger.name, s.program.TableName, trigger.function)}
		case !enabled:
			return nil, &mappingError{fmt.Errorf("the trigger %s of table %s is disabled: its owner has to enable it", trigger.name, s.program.TableName)}
		}
	}
	return missing, nil
}

// verify finds out whether the table fits still, and what is installed is this process's.
func (t *Table) verify(ctx context.Context) (*state, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	s, err := t.describe(ctx, t.pool)
	if err != nil {
		return nil, err
	}
	installed, err := s.installed(ctx, t.pool)
	if err != nil {
		return nil, err
	}
	triggers, err := s.triggers(ctx, t.pool)
	switch {
	case err != nil:
		return nil, errors.Join(err, t.again(ctx, s, installed, err))
	case installed != s.program.hash():
		return nil, &mappingError{fmt.Errorf("another mapping of table %s has been installed since, by a server of another version, or the table has changed: start this server again if its mapping is to hold", t.config.Mapping.Table)}
	case len(triggers) > 0:
		return nil, &mappingError{fmt.Errorf("a trigger of table %s is gone: start this server again to make it anew", t.config.Mapping.Table)}
	}
	return s, nil
}

// code is the SQLSTATE of an error; empty if it is not the database's.
func code(err error) string {
	var failure *pgconn.PgError
	if !errors.As(err, &failure) {
		return ""
	}
	return failure.Code
}
