package sql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
)

// migrations has a directory for each dialect, and in it a file for each version: NNNN_subject.sql. A file that has been
// released is not changed any more.
//
//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate brings the tables to the newest version, whichever they have now. Several processes may do it at once.
func migrate(ctx context.Context, database *sql.DB, d dialect) error {
	directory := path.Join("migrations", d.name())
	files, err := fs.ReadDir(migrations, directory)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	tx, err := database.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("migrating the tables: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := d.migrationLock(ctx, tx); err != nil {
		return fmt.Errorf("waiting for other processes that migrate the tables: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS annex_migrations (version bigint PRIMARY KEY, file text NOT NULL)`); err != nil {
		return fmt.Errorf("migrating the tables: %w", err)
	}
	var version int
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM annex_migrations`).Scan(&version); err != nil {
		return fmt.Errorf("reading the version of the tables: %w", err)
	}
	if version > len(files) {
		return fmt.Errorf("the tables are of version %d, and this program knows %d: a newer one has been here, use that", version, len(files))
	}
	for i, file := range files[version:] {
		statements, err := fs.ReadFile(migrations, path.Join(directory, file.Name()))
		if err != nil {
			return fmt.Errorf("reading the migrations: %w", err)
		}
		if _, err := tx.ExecContext(ctx, string(statements)); err != nil {
			return fmt.Errorf("migrating the tables with %s: %w", file.Name(), err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO annex_migrations (version, file) VALUES ($1, $2)`, version+i+1, file.Name()); err != nil {
			return fmt.Errorf("migrating the tables with %s: %w", file.Name(), err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("migrating the tables: %w", err)
	}
	return nil
}
