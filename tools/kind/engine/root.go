package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"example.com/annex/tools/kind/debian"
)

// Packages are what an engine's root directory is unpacked from: Docker, and the iptables that it calls. What is left
// out serves the packages' scripts only.
var Packages = debian.Packages{
	Names: []string{"docker.io", "containerd", "runc", "iptables"},
	Without: regexp.MustCompile(`perl.*|.*-perl|libperl.*|libdb5.*|libgdbm.*|usrmerge|debconf|adduser|passwd|lsb-base|` +
		`init-system-helpers|sysvinit-utils|libpam.*|libaudit.*|libsemanage.*|libsepol.*|gcc-.*-base|tar|dpkg`),
}

// Root fills a directory with an engine's root directory.
func Root(ctx context.Context, dir string) error {
	if err := debian.Unpack(ctx, Packages, dir); err != nil {
		return fmt.Errorf("unpacking Docker: %w", err)
	}
	// What the package's script chooses by update-alternatives.
	for _, family := range []string{"iptables", "ip6tables"} {
		for _, suffix := range []string{"", "-save", "-restore"} {
			link := filepath.Join(dir, "usr/sbin", family+suffix)
			if err := os.Symlink("xtables-nft-multi", link); err != nil && !os.IsExist(err) {
				return fmt.Errorf("choosing an iptables: %w", err)
			}
		}
	}
	return nil
}
