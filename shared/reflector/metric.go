package reflector

import (
	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

// metric is process-wide, as all metrics of k8s.io/apiserver are.
var metric = func() *metrics.GaugeVec {
	m := metrics.NewGaugeVec(&metrics.GaugeOpts{
		Namespace:      "annex",
		Subsystem:      "reflector",
		Name:           "in_step",
		Help:           "1 while what the server reads of another API server's resource is in step, else 0: requests that need it get 503.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"resource"})
	legacyregistry.MustRegister(m)
	return m
}()
