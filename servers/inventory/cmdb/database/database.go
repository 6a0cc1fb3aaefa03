// Package database is the database of the CMDB, a program that keeps an inventory of machines, and what it does with it: plain
// SQL. It knows nothing of Kubernetes.
package database

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Schema makes the tables in an empty database.
//
//go:embed schema.sql
var Schema string

// Database is the CMDB's.
type Database struct{ db *sql.DB }

// Open connects, as a connection string says. Close it in the end.
func Open(dsn string) (*Database, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("connecting to the CMDB's database: %w", err)
	}
	return &Database{db: db}, nil
}

// Close closes the connections.
func (d *Database) Close() error { return d.db.Close() }

// Create makes the tables.
func (d *Database) Create(ctx context.Context) error {
	if _, err := d.db.ExecContext(ctx, Schema); err != nil {
		return fmt.Errorf("making the CMDB's tables: %w", err)
	}
	return nil
}

// columns are those of a file that Import reads.
var columns = []string{"team", "hostname", "asset_tag", "site_code", "rack", "rack_unit", "cores", "memory_mib", "lifecycle", "purchased_on", "monthly_cost"}

// Import writes machines of a CSV file, with a header, in one transaction: new ones, and those that are there already by their
// teams and host names. An empty cell is NULL. It returns how many.
func (d *Database) Import(ctx context.Context, file io.Reader) (count int, err error) {
	reader := csv.NewReader(file)
	header, err := reader.Read()
	if err != nil {
		return 0, fmt.Errorf("reading the header: %w", err)
	}
	if fmt.Sprint(header) != fmt.Sprint(columns) {
		return 0, fmt.Errorf("the columns are %v, not %v", header, columns)
	}
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }()
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return count, tx.Commit()
		}
		if err != nil {
			return 0, fmt.Errorf("reading the machines: %w", err)
		}
		values := make([]any, len(cells))
		for i, cell := range cells {
			if cell != "" {
				values[i] = cell
			}
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO cmdb.machines (team, hostname, asset_tag, site_code, rack, rack_unit, cores, memory_mib, lifecycle, purchased_on, monthly_cost)
			VALUES ($1, $2, $3, $4, $5, $6::text::smallint, $7::text::integer, $8::text::bigint, coalesce($9, 'ordered'), $10::text::date, $11::text::numeric)
			ON CONFLICT (team, hostname) DO UPDATE SET asset_tag = excluded.asset_tag, site_code = excluded.site_code, rack = excluded.rack,
				rack_unit = excluded.rack_unit, cores = excluded.cores, memory_mib = excluded.memory_mib, lifecycle = excluded.lifecycle,
				purchased_on = excluded.purchased_on, monthly_cost = excluded.monthly_cost`, values...)
		if err != nil {
			return 0, fmt.Errorf("importing %s: %w", cells[1], err)
		}
		count++
	}
}

// Move gives a machine to another team.
func (d *Database) Move(ctx context.Context, team, hostname, to string) error {
	result, err := d.db.ExecContext(ctx, `UPDATE cmdb.machines SET team = $3 WHERE team = $1 AND hostname = $2`, team, hostname, to)
	if err != nil {
		return fmt.Errorf("moving %s of team %s to %s: %w", hostname, team, to, err)
	}
	if moved, err := result.RowsAffected(); err != nil || moved == 0 {
		return errors.Join(fmt.Errorf("team %s has no machine %s", team, hostname), err)
	}
	return nil
}

// Fill adds as many machines to a team as are wanted: m000000, m000001, ...
func (d *Database) Fill(ctx context.Context, team string, count int) error {
	_, err := d.db.ExecContext(ctx, `
		INSERT INTO cmdb.machines (team, hostname, site_code, cores, memory_mib, lifecycle, last_seen)
		SELECT $1, 'm' || lpad(n::text, 6, '0'), (ARRAY['ams1', 'fra1', 'lon1'])[1 + n % 3], 1 + n % 64, 1024 * (1 + n % 256), 'in_service', clock_timestamp()
		FROM generate_series(0, $2::integer - 1) AS n`, team, count)
	if err != nil {
		return fmt.Errorf("adding machines to team %s: %w", team, err)
	}
	return nil
}
