package blastradius

import (
	"context"
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"
)

// Measurement is what the effects took in one state of the servers.
type Measurement struct {
	// State says how the servers are: "down".
	State string
	// Took has the time of each effect that was done, and Failed the reason for each other one, by name.
	Took   map[string]time.Duration
	Failed map[string]error
}

// Measure does all effects at the same time.
func Measure(ctx context.Context, state string, cluster *Cluster) Measurement {
	m := Measurement{State: state, Took: map[string]time.Duration{}, Failed: map[string]error{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, effect := range Effects {
		all.Go(func() {
			started := time.Now()
			err := effect.Do(ctx, cluster)
			took := time.Since(started)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				m.Failed[effect.Name] = err
			} else {
				m.Took[effect.Name] = took
			}
		})
	}
	all.Wait()
	return m
}

// Print writes measurements as a table, and below it why something failed.
func Print(w io.Writer, measurements []Measurement) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "SERVERS")
	for _, effect := range Effects {
		fmt.Fprintf(table, "\t%s", effect.Name)
	}
	fmt.Fprintln(table)
	for _, m := range measurements {
		fmt.Fprint(table, m.State)
		for _, effect := range Effects {
			if took, ok := m.Took[effect.Name]; ok {
				fmt.Fprintf(table, "\t%.2f s", took.Seconds())
			} else {
				fmt.Fprint(table, "\tstuck")
			}
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing measurements: %w", err)
	}
	for _, m := range measurements {
		for _, effect := range Effects {
			if err := m.Failed[effect.Name]; err != nil {
				if _, err := fmt.Fprintf(w, "%s, %s: %v\n", m.State, effect.Name, err); err != nil {
					return fmt.Errorf("printing measurements: %w", err)
				}
			}
		}
	}
	return nil
}
