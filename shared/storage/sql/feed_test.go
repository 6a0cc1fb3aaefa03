package sql

import (
	"slices"
	"testing"
)

func TestFeed(t *testing.T) {
	t.Parallel()
	f := newFeed()
	f.maxEntries, f.maxBytes = 3, 100
	f.restart(10, false)
	revisions := func(p position) (all []int64) {
		for _, e := range p.entries {
			all = append(all, e.rev)
		}
		return all
	}
	changed := f.after(10).changed
	// Other resources move the head as well.
	f.append(entries{entries: []entry{{rev: 11}, {rev: 12}}, head: 15})
	select {
	case <-changed:
	default:
		t.Error("the change is not announced")
	}
	for _, test := range []struct {
		after  int64
		behind bool
		want   []int64
	}{
		{after: 9, behind: true},
		{after: 10, want: []int64{11, 12}},
		{after: 11, want: []int64{12}},
		{after: 15},
		{after: 99},
	} {
		if p := f.after(test.after); p.behind != test.behind || p.head != 15 || !slices.Equal(revisions(p), test.want) {
			t.Errorf("after %d: behind %v, head %d, %v", test.after, p.behind, p.head, revisions(p))
		}
	}
	held := f.after(10).entries
	f.append(entries{entries: []entry{{rev: 16}, {rev: 17}}, head: 17})
	if p := f.after(11); p.behind || !slices.Equal(revisions(p), []int64{12, 16, 17}) {
		t.Errorf("of too many there are %v", revisions(p))
	}
	if p := f.after(10); !p.behind {
		t.Error("what is dropped is not missed")
	}
	f.append(entries{entries: []entry{{rev: 18, value: make([]byte, 200)}}, head: 18})
	if p := f.after(17); p.behind || !slices.Equal(revisions(p), []int64{18}) {
		t.Errorf("of too much there is %v", revisions(p))
	}
	if held[0].rev != 11 || held[1].rev != 12 {
		t.Error("what was handed out has changed")
	}
	f.restart(5, true)
	if p := f.after(5); p.losses != 1 || p.behind || len(p.entries) != 0 || p.head != 5 {
		t.Errorf("after a loss: %+v", p)
	}
}
