package sql

import (
	"sync"

	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/feature"
)

// announceFeatures makes the watch cache use RequestWatchProgress. It asks one checker for the whole process, which knows
// etcd only: as long as no etcd is connected, it says no; then consistent lists would all go to the database, and
// WatchList would fail.
var announceFeatures = sync.OnceFunc(func() {
	feature.DefaultFeatureSupportChecker = &featureChecker{FeatureSupportChecker: feature.DefaultFeatureSupportChecker}
})

// featureChecker answers for databases as well as for etcd.
type featureChecker struct {
	feature.FeatureSupportChecker
}

// Supports says yes to what a Store does, and leaves the rest to the checker of etcd: RangeStream is asked for by etcd's
// store alone.
func (c *featureChecker) Supports(f storage.Feature) bool {
	return f == storage.RequestWatchProgress || c.FeatureSupportChecker.Supports(f)
}
