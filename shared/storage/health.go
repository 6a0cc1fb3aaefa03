package storage

import (
	"context"
	"net/http"
	"time"

	"k8s.io/apiserver/pkg/server/healthz"

	"example.com/annex/shared/storage/sql"
)

// HealthCheck fails while the database can't be reached, or takes longer than timeout to answer. It is called "database".
func HealthCheck(database *sql.Database, timeout time.Duration) healthz.HealthChecker {
	return healthz.NamedCheck("database", func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		return database.Check(ctx)
	})
}
