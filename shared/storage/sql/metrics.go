package sql

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

const (
	metricsNamespace = "annex"
	metricsSubsystem = "sql_storage"
)

// The counterparts of upstream's etcd_request_duration_seconds and so on (storage/etcd3/metrics).
var (
	requestDuration = metrics.NewHistogramVec(&metrics.HistogramOpts{
		Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: "request_duration_seconds",
		Help:           "How long a request of the storage took, by operation and resource.",
		Buckets:        metrics.ExponentialBuckets(0.0005, 2, 16),
		StabilityLevel: metrics.ALPHA,
	}, []string{"operation", "group", "resource"})

	requestErrors = metrics.NewCounterVec(&metrics.CounterOpts{
		Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: "request_errors_total",
		Help:           "How many requests of the storage the database failed, by operation and resource.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"operation", "group", "resource"})

	transactionDuration = metrics.NewHistogramVec(&metrics.HistogramOpts{
		Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: "write_transaction_duration_seconds",
		Help:           "How long a transaction that writes took, waiting for others included.",
		Buckets:        metrics.ExponentialBuckets(0.0005, 2, 16),
		StabilityLevel: metrics.ALPHA,
	}, []string{"database"})

	batchSize = metrics.NewHistogram(&metrics.HistogramOpts{
		Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: "write_transaction_writes",
		Help:           "How many writes were committed together.",
		Buckets:        metrics.ExponentialBuckets(1, 2, 8),
		StabilityLevel: metrics.ALPHA,
	})

	readRevision = metrics.NewGaugeVec(&metrics.GaugeOpts{
		Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: "read_revision",
		Help:           "The revision up to which this process has read the log.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"database"})

	compactedEntries = metrics.NewCounterVec(&metrics.CounterOpts{
		Namespace: metricsNamespace, Subsystem: metricsSubsystem, Name: "compacted_entries_total",
		Help:           "How many entries of the log this process has deleted.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"database"})
)

// registerMetrics has them served at /metrics, with all others of the process.
var registerMetrics = sync.OnceFunc(func() {
	legacyregistry.MustRegister(requestDuration, requestErrors, transactionDuration, batchSize, readRevision, compactedEntries)
})

// observeRequest counts a request of the storage. err is the database's, not that an object is not there.
func observeRequest(operation string, resource schema.GroupResource, start time.Time, err error) {
	requestDuration.WithLabelValues(operation, resource.Group, resource.Resource).Observe(time.Since(start).Seconds())
	if err != nil {
		requestErrors.WithLabelValues(operation, resource.Group, resource.Resource).Inc()
	}
}
