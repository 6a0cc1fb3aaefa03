package external

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// quote is an identifier for SQL; of a schema and what is in it, if there is a dot.
func quote(name string) string { return pgx.Identifier(strings.Split(name, ".")).Sanitize() }

// literal is a string for SQL.
func literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// literals are strings for SQL, with commas between them.
func literals(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = literal(text)
	}
	return strings.Join(quoted, ", ")
}
