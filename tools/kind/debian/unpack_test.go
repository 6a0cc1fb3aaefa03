package debian

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePlan(t *testing.T) {
	t.Parallel()
	got := parsePlan(`NOTE: This is only a simulation!
Inst libc6 (2.36-9 Debian:12.15/stable [amd64]) []
Inst docker.io (20.10.24 Debian:12/stable [amd64])
Conf libc6 (2.36-9 Debian:12.15/stable [amd64])
Inst
`)
	if diff := cmp.Diff([]string{"docker.io", "libc6"}, got); diff != "" {
		t.Errorf("unexpected packages (-want +got):\n%s", diff)
	}
}

// TestUnpack unpacks a small package and what it depends on, and installs nothing.
func TestUnpack(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short was given: it downloads packages")
	}
	if os.Getenv("TEST_TARGET") != "" && os.Getenv("ANNEX_CLUSTER") != "kind" {
		t.Skip("it downloads packages: with --config=kind only")
	}
	if _, err := Release(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	// hostname has no dependency but libc6.
	if err := Unpack(t.Context(), Packages{Names: []string{"hostname"}, Without: regexp.MustCompile("gcc-.*")}, dir); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"usr/bin/hostname", "bin/hostname"} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s is no program: %v", path, err)
		}
	}
	if link, err := os.Readlink(filepath.Join(dir, "bin")); err != nil || link != "usr/bin" {
		t.Errorf("bin is %q, %v, want a link to usr/bin", link, err)
	}
	if found, err := filepath.Glob(filepath.Join(dir, "usr/share/doc/*")); err != nil || len(found) > 0 {
		t.Errorf("there is documentation: %v, %v", found, err)
	}
}
