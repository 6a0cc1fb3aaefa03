package sql

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// passwordParameter finds a password, or that of a key, among key=value pairs.
var passwordParameter = regexp.MustCompile(`(?i)(^|[\s'])(ssl)?password\s*=`)

// HasPassword says whether a PostgreSQL connection string has a password in it. One that can't be read, and may have one,
// has.
func HasPassword(dsn string) bool {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return passwordParameter.MatchString(dsn)
	}
	parsed, err := url.Parse(dsn)
	if err != nil {
		return strings.Contains(dsn, "@")
	}
	_, set := parsed.User.Password()
	query := parsed.Query()
	return set || query.Has("password") || query.Has("sslpassword")
}

// parseDSN reads a PostgreSQL connection string. Errors quote nothing of it that may be a part of a password.
func parseDSN(dsn string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(dsn)
	var unreadable *pgconn.ParseConfigError
	if !errors.As(err, &unreadable) {
		return config, err
	}
	problem := strings.TrimPrefix(unreadable.Error(), pgconn.NewParseConfigError(unreadable.ConnString, "", nil).Error())
	// Of a string that could not be taken apart, or was taken apart in the wrong place, the reason may be a piece of it.
	if !strings.HasPrefix(problem, "failed to configure TLS") {
		problem, _, _ = strings.Cut(problem, " (")
		problem += "; percent-encode what is special in a URL, such as / and @ in a password, and put values with spaces in single quotes"
	}
	return nil, fmt.Errorf("reading the PostgreSQL connection string: %s", problem)
}
