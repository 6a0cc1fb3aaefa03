package sql

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// change is one write of an object, on the condition that it was last written at a certain revision.
type change struct {
	key string
	// expected is the revision of the last write; 0: the object must not be there.
	expected int64
	// before and after are what the object is, encoded: nil where there is none.
	before, after []byte
	// ttl is how many seconds it will live.
	ttl int64
}

// changed is what became of a change.
type changed struct {
	// conflict says that the condition did not hold: present is what was there instead.
	conflict bool
	present  record
	// revision is that of the object now; of its deletion, if it was deleted.
	revision int64
	// data is what the object is now, encoded; nil if it was deleted.
	data []byte
}

// change writes an object: into the tables of this package, or to where it is in truth.
func (s *Store) change(ctx context.Context, operation string, c change) (result changed, err error) {
	if s.config.Record != nil {
		return s.changeRecord(ctx, operation, c)
	}
	w := write{key: c.key, expected: c.expected, ttl: c.ttl}
	if c.after != nil {
		if w.value, err = s.toStorage(ctx, c.key, c.after); err != nil {
			return changed{}, err
		}
	}
	start := time.Now()
	revision, present, err := s.db.write(ctx, w)
	if err := s.observe(ctx, operation, start, err); err != nil {
		return changed{}, err
	}
	return changed{conflict: revision == 0, present: present, revision: revision, data: c.after}, nil
}

func (s *Store) changeRecord(ctx context.Context, operation string, c change) (changed, error) {
	if c.ttl > 0 {
		return changed{}, fmt.Errorf("writing %s: objects of %s can't expire", c.key, s.config.Resource)
	}
	if len(c.key)+len(c.after) > maxBytes {
		return changed{}, errTooLarge
	}
	start := time.Now()
	written, err := s.config.Record.Write(ctx, RecordWrite{Key: c.key, Expected: c.expected, Before: c.before, After: c.after})
	if err := s.observe(ctx, operation, start, err); err != nil {
		return changed{}, err
	}
	result := changed{conflict: written.Conflict, revision: written.Revision, data: written.Value}
	if result.conflict {
		if result.present, _, err = s.db.get(ctx, c.key); err != nil {
			return changed{}, fmt.Errorf("reading %s: %w", c.key, err)
		}
		if c.expected != 0 && result.present.rev == c.expected {
			// To try again would end the same, without end.
			return changed{}, apierrors.NewInternalError(fmt.Errorf("writing %s: its record is gone or another, and that was not published: revision %d is still the last (has a trigger been disabled?)", c.key, c.expected))
		}
	}
	return result, nil
}
