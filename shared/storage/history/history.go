package history

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// History is what was done, and what was seen.
type History struct {
	Seed uint64
	// Cached says that the answers come from watch caches, which expire what they have not got.
	Cached     bool
	Operations []Operation
	Watches    []Watch
	// Incidents are compactions, and faults.
	Incidents []Incident
}

// Incident is what happened to the storage.
type Incident struct {
	What string
	// Revision is up to which a compaction goes; 0 for a fault.
	Revision uint64
	// Began is when, since the history began, Ended when the storage was said to work again after a fault.
	Began, Ended time.Duration
}

// Violation is a guarantee that a history breaks.
type Violation struct {
	// Guarantee is the name of the function that checks it.
	Guarantee string
	Err       error
}

func (v Violation) String() string { return fmt.Sprintf("not %s: %v", v.Guarantee, v.Err) }

// Check finds which guarantees the history breaks. Of each it tells the first instance.
func (h *History) Check() (violations []Violation) {
	found := func(guarantee string, err error) bool {
		if err != nil {
			violations = append(violations, Violation{Guarantee: guarantee, Err: err})
		}
		return err != nil
	}
	log, err := newLog(h)
	found("Atomic", err)
	for _, check := range []struct {
		guarantee string
		holds     func(Log, *Watch) error
	}{
		{"Ordered", func(_ Log, w *Watch) error { return Ordered(w) }},
		{"Unique", func(_ Log, w *Watch) error { return Unique(w) }},
		{"Reliable", Reliable},
		{"Resumable", Resumable},
		{"Bookmarkable", Bookmarkable},
	} {
		for i := range h.Watches {
			if found(check.guarantee, check.holds(log, &h.Watches[i])) {
				break
			}
		}
	}
	found("Chronological", Chronological(h))
	found("Consistent", Consistent(log, h))
	found("Explained", Explained(h))
	_, err = Linearizable(log, h)
	found("Linearizable", err)
	return violations
}

// Write writes a history into a directory: all of it as JSON, and a page for each object that shows its operations, and
// how far there was an order of them (porcupine's visualization).
func (h *History) Write(directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return fmt.Errorf("writing a history: %w", err)
	}
	data, err := json.MarshalIndent(h, "", "\t")
	if err != nil {
		return fmt.Errorf("writing a history: %w", err)
	}
	if err := os.WriteFile(filepath.Join(directory, "history.json"), data, 0o644); err != nil {
		return fmt.Errorf("writing a history: %w", err)
	}
	log, _ := newLog(h) // Whatever is wrong with it.
	pages, _ := Linearizable(log, h)
	for key, page := range pages {
		if err := os.WriteFile(filepath.Join(directory, key+".html"), page, 0o644); err != nil {
			return fmt.Errorf("writing a history: %w", err)
		}
	}
	return nil
}
