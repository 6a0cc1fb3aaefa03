package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMissingCapabilities(t *testing.T) {
	t.Parallel()
	for status, want := range map[string][]string{
		"CapBnd:\t000001ffffffffff\n":                                 nil,
		"CapEff:\t0000000000000000\nCapBnd:\t000001fffeffffff\n":      {"CAP_SYS_RESOURCE"}, // Bit 24 of linux/capability.h.
		"Name:\ttest\nCapBnd:\t000001fffefeffff\nCapAmb:\t00000000\n": {"CAP_SYS_MODULE", "CAP_SYS_RESOURCE"},
	} {
		file := filepath.Join(t.TempDir(), "status")
		if err := os.WriteFile(file, []byte(status), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := missingCapabilities(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: unexpected capabilities (-want +got):\n%s", status, diff)
		}
		if err := os.WriteFile(file, []byte("Name:\ttest\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := missingCapabilities(file); err == nil {
			t.Error("a status without a bounding set is read")
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	if notes := (Conditions{}).Notes(); len(notes) > 0 {
		t.Errorf("nothing is missing, and %q is said", notes)
	}
	c := Conditions{MissingCapabilities: []string{"CAP_SYS_RESOURCE"}, CgroupV1: true}
	if notes := c.Notes(); len(notes) != 2 {
		t.Errorf("got %q, want a note for each condition", notes)
	}
	if diff := cmp.Diff([]string{"CAP_KILL"}, c.Without([]string{"CAP_SYS_RESOURCE", "CAP_KILL"})); diff != "" {
		t.Errorf("unexpected capabilities (-want +got):\n%s", diff)
	}
	if _, err := Detect(); err != nil {
		t.Errorf("this machine's conditions: %v", err)
	}
}
