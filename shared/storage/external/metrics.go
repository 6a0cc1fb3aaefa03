package external

import (
	"sync"

	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

var (
	leftOutRows = metrics.NewGaugeVec(&metrics.GaugeOpts{
		Namespace: "annex", Subsystem: "external", Name: "rows_left_out",
		Help:           "How many rows of a table are no objects, by the reason: annex_<table>_left_out has them.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"resource", "reason"})

	backfilledRows = metrics.NewCounterVec(&metrics.CounterOpts{
		Namespace: "annex", Subsystem: "external", Name: "backfilled_rows_total",
		Help:           "How many rows this process has published that were there before it.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"resource"})
)

// registerMetrics has them served at /metrics, with all others of the process.
var registerMetrics = sync.OnceFunc(func() { legacyregistry.MustRegister(leftOutRows, backfilledRows) })
