package node

import (
	"regexp"

	"example.com/annex/tools/kind/debian"
)

// packages are what images/base/Dockerfile of kind v0.33.0 installs, less what serves network storage, and what it takes
// for granted. Perl and debconf serve scripts of packages only.
var packages = debian.Packages{
	Names: []string{
		"systemd",
		"conntrack", "iptables", "nftables", "iproute2", "ethtool", "util-linux", "mount", "kmod",
		"bash", "ca-certificates", "jq", "procps", "runc",
		// Essential packages.
		"base-files", "base-passwd", "coreutils", "dash", "debianutils", "dpkg", "findutils", "grep", "gzip", "hostname", "libc-bin", "mawk", "sed", "tar",
		// For the image of the storage provisioner's helper.
		"busybox-static",
	},
	Without: regexp.MustCompile(`perl.*|.*-perl|libperl.*|libdb5.*|libgdbm.*|usrmerge|debconf|gcc-.*-base|dmsetup|openssl|init-system-helpers|libcap2-bin`),
}
