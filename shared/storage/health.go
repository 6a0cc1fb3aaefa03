package storage

import (
	"context"
	"net/http"
	"time"

	"k8s.io/apiserver/pkg/server/healthz"

	"example.com/annex/shared/storage/sql"
)

// healthTimeout is how long the database may take to answer a health check: upstream's for etcd
// (storagebackend.DefaultHealthcheckTimeout).
const healthTimeout = 2 * time.Second

// HealthCheck fails while the database can't be reached. It is called "database".
func HealthCheck(database *sql.Database) healthz.HealthChecker {
	return healthz.NamedCheck("database", func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()
		return database.Check(ctx)
	})
}
