package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

func TestConclude(t *testing.T) {
	t.Parallel()
	failed := errors.New("it did not work")
	left := fmt.Errorf("%w: a process", errLeft)
	signalled := fmt.Errorf("step: %w", errSignal{syscall.SIGTERM})
	for _, tc := range []struct {
		name   string
		err    error
		status int
		want   []string
	}{
		{"well", nil, 0, nil},
		{"failure", failed, 1, []string{"it did not work"}},
		{"signal", signalled, 143, []string{"terminated", "nothing is left"}},
		{"signal, and something is left", errors.Join(signalled, left), 1, []string{"terminated", "not everything is stopped and removed: a process"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			if status := conclude(tc.err, &stderr); status != tc.status {
				t.Errorf("status %d, want %d", status, tc.status)
			}
			for _, want := range tc.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("it does not say %q: %s", want, &stderr)
				}
			}
			if errors.Is(tc.err, errLeft) && strings.Contains(stderr.String(), "nothing is left") {
				t.Errorf("something is left, and it says: %s", &stderr)
			}
		})
	}
}
