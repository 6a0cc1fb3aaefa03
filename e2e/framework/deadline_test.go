package framework

import (
	"flag"
	"testing"
	"time"
)

func TestDeadline(t *testing.T) {
	now := time.Now()
	for _, tc := range []struct {
		name, bazel, golang string
		want                time.Duration // zero means none
	}{
		{"neither", "", "0s", 0},
		{"Bazel's", "300", "0s", 270 * time.Second},
		{"Go's", "", "5m", 270 * time.Second},
		{"the earlier of both", "900", "5m", 270 * time.Second},
		{"Bazel's is the earlier", "100", "5m", 70 * time.Second},
		{"half of what is short", "40", "0s", 20 * time.Second},
		{"Bazel's is no number", "soon", "0s", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("TEST_TIMEOUT", tc.bazel)
			f := flag.Lookup("test.timeout")
			before := f.Value.String()
			if err := f.Value.Set(tc.golang); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := f.Value.Set(before); err != nil {
					t.Error(err)
				}
			}()
			at, ok := deadline(now)
			if ok != (tc.want > 0) || ok && at.Sub(now) != tc.want {
				t.Errorf("got %s (%t), want %s", at.Sub(now), ok, tc.want)
			}
		})
	}
}
