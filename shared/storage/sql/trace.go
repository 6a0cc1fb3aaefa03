package sql

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"k8s.io/apiserver/pkg/audit"
	"k8s.io/component-base/tracing"
)

// slow is from when on a request is logged with its trace, as upstream's (etcd3/store.go).
const slow = 500 * time.Millisecond

// trace begins a span of a request.
func (s *Store) trace(ctx context.Context, operation, key string, attributes ...attribute.KeyValue) (context.Context, func()) {
	ctx, span := tracing.Start(ctx, operation+" "+s.db.dialect.name(), append(attributes,
		attribute.String("audit-id", audit.GetAuditIDTruncated(ctx)),
		attribute.String("key", key),
		attribute.String("group", s.config.Resource.Group),
		attribute.String("resource", s.config.Resource.Resource),
	)...)
	return ctx, func() { span.End(slow) }
}
