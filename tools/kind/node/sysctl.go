package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sysctls are those that the kubelet sets and that are the machine's, not a namespace's: setupKernelTunables in
// k8s.io/kubernetes/pkg/kubelet/cm, with the values of k8s.io/component-helpers/node/util/sysctl.
var sysctls = []struct{ name, value string }{
	{"kernel/keys/root_maxbytes", "25000000"},
	{"kernel/keys/root_maxkeys", "1000000"},
	{"kernel/panic", "10"},
	{"kernel/panic_on_oops", "1"},
	{"vm/overcommit_memory", "1"},
	{"vm/panic_on_oom", "0"},
}

// shieldSysctls keeps nodes from changing the machine's: Debian's settings are left out, and what the kubelet sets is a
// file of the node's own, which a mount unit puts in the sysctl's place before the kubelet starts.
func (r root) shieldSysctls() error {
	settings, err := filepath.Glob(r.path("usr/lib/sysctl.d/*"))
	if err != nil {
		return err
	}
	if err := all(os.Remove, settings...); err != nil {
		return err
	}
	if err := os.Remove(r.path("etc/sysctl.d/99-sysctl.conf")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var units []string
	for _, sysctl := range sysctls {
		unit := strings.ReplaceAll(strings.ReplaceAll("proc/sys/"+sysctl.name, "-", `\x2d`), "/", "-") + ".mount"
		units = append(units, unit)
		file := "/kind/sysctl/" + sysctl.name
		if err := errors.Join(
			r.write(file, sysctl.value+"\n", 0o644),
			r.write("etc/systemd/system/"+unit, fmt.Sprintf(`[Unit]
Description=A copy of sysctl %s for the kubelet
DefaultDependencies=no

[Mount]
What=%s
Where=/proc/sys/%s
Type=none
Options=bind
`, sysctl.name, file, sysctl.name), 0o644),
		); err != nil {
			return err
		}
	}
	all := strings.Join(units, " ")
	return r.write("etc/systemd/system/kubelet.service.d/20-sysctl.conf", "[Unit]\nRequires="+all+"\nAfter="+all+"\n", 0o644)
}
