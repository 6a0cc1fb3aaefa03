package external

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/storage"
)

// lockRetrySeconds is when a client may come again whose row somebody else has locked.
const lockRetrySeconds = 1

// SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	stateNotNull            = "23502"
	stateForeignKey         = "23503"
	stateUnique             = "23505"
	stateCheck              = "23514"
	stateInsufficientRights = "42501"
	stateRaised             = "P0001"
)

// unavailable is what a request is told that comes too early, or too late.
func unavailable(err error) error { return apierrors.NewServiceUnavailable(err.Error()) }

// refusal is what a client is told when the database has not written what it sent.
func (t *Table) refusal(ctx context.Context, c *change, err error) error {
	var failure *pgconn.PgError
	switch {
	case errors.Is(err, errKept):
		return t.invalid(ctx, c, field.Forbidden(field.NewPath("spec"), err.Error()))
	case !errors.As(err, &failure):
		return fmt.Errorf("writing %s %s: %w", t.config.Resource.Resource, c.name, err)
	}
	switch class := failure.Code[:2]; {
	case failure.Code == stateExists:
		return storage.NewKeyExistsError(c.name, 0)
	case failure.Code == stateNoObject:
		return t.invalid(ctx, c, field.Invalid(field.NewPath("metadata", "name"), c.name, failure.Message))
	case failure.Code == stateLostColumn:
		return unavailable(failure)
	case failure.Code == stateLockNotAvailable:
		return apierrors.NewServerTimeout(t.config.Resource, "write: another transaction holds the row, or a lock on the table; it", lockRetrySeconds)
	case failure.Code == stateInsufficientRights:
		return apierrors.NewForbidden(t.config.Resource, c.name, fmt.Errorf("the server's database role lacks a right: %s", failure.Message))
	case failure.Code == stateForeignKey && c.after == nil:
		return apierrors.NewConflict(t.config.Resource, c.name, fmt.Errorf("another row refers to it: %s (%s)", failure.Message, failure.Detail))
	case failure.Code == stateUnique && t.names(c, failure.ConstraintName):
		return storage.NewKeyExistsError(c.name, 0)
	case class == "23" || failure.Code == stateRaised:
		return t.invalid(ctx, c, t.violation(c, failure))
	case class == "22":
		return t.invalid(ctx, c, t.unfit(ctx, c, failure))
	}
	return fmt.Errorf("writing %s %s: %w", t.config.Resource.Resource, c.name, failure)
}

// names tells whether a constraint is about nothing but the object's name.
func (t *Table) names(c *change, constraint string) bool {
	if _, given := t.config.Mapping.Constraints[constraint]; given {
		return false
	}
	columns := c.catalog.constraints[constraint].columns
	return len(columns) > 0 && !slices.ContainsFunc(columns, func(column string) bool {
		return column != t.config.Mapping.Name && column != t.config.Mapping.Namespace
	})
}

// violation is what a constraint has against an object.
func (t *Table) violation(c *change, failure *pgconn.PgError) *field.Error {
	message := failure.Message
	path := t.blamed(c, failure)
	if given := t.config.Mapping.Constraints[failure.ConstraintName]; given.Message != "" {
		message = given.Message
	}
	if path == "" {
		if failure.ConstraintName != "" {
			message += " (constraint " + failure.ConstraintName + ")"
		}
		return field.Invalid(field.NewPath("spec"), c.name, message)
	}
	at := field.NewPath(path)
	value := lookup(c.after, strings.Split(path, "."))
	switch failure.Code {
	case stateNotNull:
		return field.Required(at, message)
	case stateUnique:
		return field.Duplicate(at, value)
	}
	return field.Invalid(at, value, message)
}

// blamed is the path of the field that a constraint is about; empty if that is not known.
func (t *Table) blamed(c *change, failure *pgconn.PgError) string {
	if given, ok := t.config.Mapping.Constraints[failure.ConstraintName]; ok && given.Path != "" {
		return given.Path
	}
	columns := c.catalog.constraints[failure.ConstraintName].columns
	if failure.ColumnName != "" {
		columns = []string{failure.ColumnName}
	}
	// A field that was written is rather to blame than one that was right before.
	best := ""
	for _, name := range columns {
		column, ok := t.config.Mapping.column(name)
		switch {
		case ok && slices.Contains(c.columns, name):
			return column.Path
		case ok && best == "":
			best = column.Path
		}
	}
	return best
}

// unfit finds the field whose value its column can't hold: of these errors, PostgreSQL does not tell. Each value is tried alone.
func (t *Table) unfit(ctx context.Context, c *change, failure *pgconn.PgError) *field.Error {
	names, values := slices.Clone(c.columns), slices.Clone(c.values)
	paths := map[string]string{}
	for _, column := range t.config.Mapping.Columns {
		paths[column.Name] = column.Path
	}
	if c.before == nil {
		names, values = append(names, t.config.Mapping.Name), append(values, &c.name)
		paths[t.config.Mapping.Name] = "metadata.name"
		if t.config.Mapping.Namespace != "" {
			names, values = append(names, t.config.Mapping.Namespace), append(values, &c.namespace)
			paths[t.config.Mapping.Namespace] = "metadata.namespace"
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for i, name := range names {
		if values[i] == nil {
			continue
		}
		var ignored bool
		err := t.pool.QueryRowContext(ctx, `SELECT (jsonb_populate_record(NULL::`+c.program.Table+`, jsonb_build_object($1::text, $2::text))) IS NULL`, name, *values[i]).Scan(&ignored)
		var found *pgconn.PgError
		if errors.As(err, &found) && found.Code[:2] == "22" {
			return field.Invalid(field.NewPath(paths[name]), *values[i], found.Message)
		}
	}
	return field.Invalid(field.NewPath("spec"), c.name, failure.Message)
}

// invalid is status 422. The field is named as the version of the request does.
func (t *Table) invalid(ctx context.Context, c *change, err *field.Error) error {
	if info, ok := request.RequestInfoFrom(ctx); ok && t.config.FieldPath != nil && info.APIVersion != "" {
		err.Field = t.config.FieldPath(info.APIVersion, err.Field)
	}
	return apierrors.NewInvalid(t.config.Kind.GroupKind(), c.name, field.ErrorList{err})
}
