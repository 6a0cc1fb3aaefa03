package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// withKubectl is a demo whose kubectl is the shell, and so takes its commands from the scripts with their names. The watch
// does not end by itself, as kubectl's.
func withKubectl(t *testing.T, patch string) *demo {
	t.Helper()
	home := t.TempDir()
	for name, script := range map[string]string{
		"get": `echo EVENT NAME
			echo ADDED nightly-builds
			while [ ! -e patched ]; do sleep 0.01; done
			echo MODIFIED nightly-builds
			exec sleep 600`,
		"patch": patch,
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := newDemo(options{}, &jsonReport{})
	d.kubectl = kubectl{program: "/bin/sh", home: home}
	return d
}

func TestWatchPatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, patch, want string }{
		{"accepted", "touch patched", ""},
		{"refused", "echo denied by a webhook; exit 1", "denied by a webhook"},
		{"accepted, and yet an error", "touch patched; echo the connection was lost; exit 1", "the connection was lost"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			output, err := withKubectl(t, tc.patch).watchPatch(t.Context(), "{}")
			if tc.want == "" {
				if err != nil || !strings.HasSuffix(output, "MODIFIED nightly-builds") {
					t.Errorf("got %q, %v, want the change", output, err)
				}
			} else if err == nil || strings.Count(err.Error(), tc.want) != 1 {
				t.Errorf("got %v, want an error that says once %q", err, tc.want)
			}
		})
	}
}

// TestWatchPatchEndsWithContext: neither command ends by itself.
func TestWatchPatchEndsWithContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(errSignal{syscall.SIGINT}) })
	_, err := withKubectl(t, "exec sleep 600").watchPatch(ctx, "{}")
	if err == nil || !strings.Contains(err.Error(), "interrupt") {
		t.Errorf("got %v, want the context's cause", err)
	}
}
