package history_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"example.com/annex/shared/storage/history"
)

// soakVariable is the environment variable that has the tests go on for long (--config=soak).
const soakVariable = "ANNEX_SOAK"

var (
	seed   = flag.Uint64("seed", 0, "the seed of the first round; 0 is a new one. It is printed when a round fails")
	rounds = flag.Int("rounds", atLength(10, 200), "how many histories are recorded of each storage, each with the next seed")
	kills  = flag.Int("kills", atLength(10, 100), "how often a server is killed while it is written to")
)

func atLength(usually, soak int) int {
	if os.Getenv(soakVariable) != "" {
		return soak
	}
	return usually
}

// backend makes systems of one kind of database.
type backend interface {
	name() string
	// open makes an empty one, which is gone when t is over.
	open(t *testing.T, cached bool) history.System
}

// TestHistory records histories with faults of each database, on bare stores and under watch caches in turn, and checks
// them.
func TestHistory(t *testing.T) {
	for _, b := range []backend{sqlite{}, &postgres{}} {
		t.Run(b.name(), func(t *testing.T) { runRounds(t, b, 2) })
	}
}

// TestHistoryOfEtcd does the same on etcd, without faults: that upstream's store passes says that the checks are right.
func TestHistoryOfEtcd(t *testing.T) {
	runRounds(t, etcd{}, 0)
}

func runRounds(t *testing.T, b backend, faults int) {
	if p, ok := b.(*postgres); ok {
		p.start(t)
	}
	first := firstSeed()
	var operations, unknown, events, incidents int
	began := time.Now()
	for i := range *rounds {
		seed := first + uint64(i)
		cached := seed%2 == 1
		passed := t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			recorded, err := history.Record(t.Context(), b.open(t, cached), history.Options{Seed: seed, Faults: faults})
			for _, o := range recorded.Operations {
				operations++
				if o.Outcome == history.Unknown {
					unknown++
				}
			}
			for _, w := range recorded.Watches {
				events += len(w.Events)
			}
			incidents += len(recorded.Incidents)
			report(t, recorded, err)
		})
		if !passed {
			break
		}
	}
	t.Logf("%d rounds in %v: %d operations, %d of unknown outcome, %d events, %d faults and compactions",
		*rounds, time.Since(began).Round(time.Millisecond), operations, unknown, events, incidents)
}

// report fails t if a history breaks anything, and keeps it.
func report(t *testing.T, recorded *history.History, err error) {
	t.Helper()
	violations := recorded.Check()
	if err == nil && len(violations) == 0 {
		return
	}
	if err != nil {
		t.Errorf("the history did not come to its end: %v", err)
	}
	for _, v := range violations {
		t.Error(v)
	}
	directory := artifacts(t)
	if err := recorded.Write(directory); err != nil {
		t.Error(err)
	}
	t.Logf("the history is in %s; -seed %d -rounds 1 does the same again", directory, recorded.Seed)
}
