package external

import (
	"strconv"
	"testing"

	"k8s.io/apimachinery/pkg/watch"
)

// watched are the events of a watch as lines.
type watched struct{ watch.Interface }

// events are the next ones, so many.
func (w watched) events(t testing.TB, count int) (lines []line) {
	t.Helper()
	for range count {
		kind, b := next(t, w)
		lines = append(lines, line{b.GetResourceVersion(), string(kind) + " /annex/legacy.example.com/boxes/" + b.GetNamespace() + "/" + b.GetName()})
	}
	return lines
}

func atoi(t testing.TB, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
