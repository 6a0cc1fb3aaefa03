package command

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/report"
)

func TestParseResource(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]schema.GroupVersionResource{
		"configmaps.v1":           {Version: "v1", Resource: "configmaps"},
		"configmaps.v1.":          {Version: "v1", Resource: "configmaps"},
		"deployments.v1.apps":     {Group: "apps", Version: "v1", Resource: "deployments"},
		"sites.v1.topology.x.com": {Group: "topology.x.com", Version: "v1", Resource: "sites"},
		"configmaps":              {},
		".v1":                     {},
		"":                        {},
	} {
		got, err := parseResource(name)
		if got != want || (err != nil) != want.Empty() {
			t.Errorf("%q: got %v, %v, want %v", name, got, err, want)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err    error
		status int
		told   bool
	}{
		{nil, 0, true},
		{errFailed, 1, true},
		{errors.New("no cluster"), 2, false},
		{errUnfinished, 2, true},
		{errors.Join(errFailed, nil), 1, true},
		{fmt.Errorf("x: %w", interrupted{syscall.SIGTERM}), 143, true},
	} {
		if status, told := Status(tc.err); status != tc.status || told != tc.told {
			t.Errorf("%v: got %d, %t, want %d, %t", tc.err, status, told, tc.status, tc.told)
		}
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := &progress{out: &b, verbose: true, width: 60}
	tell := p.of()
	watch := report.Subject{Resource: "sites.v1.x", Area: "Watches", Assessment: "events"}
	tell.Begun(watch)
	tell.Begun(report.Subject{Area: "Access", Assessment: "forbidden"})
	p.doing = "trying"
	p.show() // More than two seconds after the zero time.
	if got := b.String(); !strings.Contains(got, "trying, ") || len([]rune(strings.TrimPrefix(got, clearLine))) >= p.width {
		t.Errorf("it shows %q", got)
	}
	b.Reset()
	tell.Ended(report.Outcome{Subject: watch, Result: report.Failed, Seconds: 1})
	if got, want := b.String(), clearLine+"failed     sites.v1.x Watches: events (1.00 s)\n"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}
