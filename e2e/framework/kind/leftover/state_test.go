package leftover_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/annex/tools/kind/cache"
)

// state is what a cluster could leave behind.
type state map[string][]string

// readState looks at the machine. Processes are those in PID namespaces other than this one: others come and go.
func readState(t *testing.T) state {
	t.Helper()
	s := state{}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		s["mounts"] = append(s["mounts"], strings.Fields(line)[4])
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		s["interfaces"] = append(s["interfaces"], i.Name)
	}
	s["control groups"] = append(glob(t, "/sys/fs/cgroup/annex-kind-*"), glob(t, "/sys/fs/cgroup/*/annex-kind-*")...)
	dir, err := cache.Dir()
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{filepath.Join(dir, "runs", "*"), filepath.Join(dir, "clusters", "*"), filepath.Join(os.TempDir(), "annex-kind-*")} {
		s["directories"] = append(s["directories"], glob(t, pattern)...)
	}
	s["processes"] = engineProcesses(t)
	s["sysctls"] = sysctls(t)
	return s
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// engineProcesses are those of control groups that engines make. Each is in one from its birth.
func engineProcesses(t *testing.T) []string {
	var found []string
	for _, file := range glob(t, "/proc/[0-9]*/cgroup") {
		groups, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(groups, []byte("/annex-kind-")) {
			continue // It may be gone.
		}
		name, err := os.ReadFile(filepath.Join(filepath.Dir(file), "comm"))
		if err == nil {
			found = append(found, filepath.Base(filepath.Dir(file))+" "+string(bytes.TrimSpace(name)))
		}
	}
	return found
}

// sysctls are those of the machine that systemd, the kubelet and Docker set where they may.
func sysctls(t *testing.T) []string {
	t.Helper()
	var values []string
	for _, name := range []string{
		"fs/file-max", "fs/nr_open", "fs/protected_hardlinks", "fs/protected_symlinks", "fs/protected_fifos", "fs/protected_regular",
		"kernel/core_pattern", "kernel/keys/root_maxbytes", "kernel/keys/root_maxkeys", "kernel/panic", "kernel/panic_on_oops", "kernel/pid_max", "kernel/sysrq",
		"net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "net/ipv4/conf/all/rp_filter",
		"vm/overcommit_memory", "vm/panic_on_oom",
	} {
		value, err := os.ReadFile("/proc/sys/" + name)
		if err != nil {
			continue // This kernel has none.
		}
		values = append(values, fmt.Sprintf("%s = %s", name, bytes.TrimSpace(value)))
	}
	return values
}

// added is what is there and was not.
func (s state) added(before state) []string {
	var added []string
	for kind, list := range s {
		for _, item := range list {
			if !slices.Contains(before[kind], item) {
				added = append(added, kind+": "+item)
			}
		}
	}
	return added
}
