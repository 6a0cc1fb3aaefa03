package host

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Conditions are what this machine lacks, or has in an old form.
type Conditions struct {
	// MissingCapabilities are those of a node that nobody here can have: they are not in the bounding set. Named as in the
	// OCI runtime specification: CAP_SYS_RESOURCE.
	MissingCapabilities []string
	// CgroupV1 says that /sys/fs/cgroup is no unified hierarchy, which the kubelet refuses unless told otherwise
	// (KEP-5573).
	CgroupV1 bool
}

// Detect looks.
func Detect() (Conditions, error) {
	missing, err := missingCapabilities("/proc/self/status")
	if err != nil {
		return Conditions{}, fmt.Errorf("looking at this machine's capabilities: %w", err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs("/sys/fs/cgroup", &fs); err != nil {
		return Conditions{}, fmt.Errorf("looking at /sys/fs/cgroup: %w", err)
	}
	return Conditions{MissingCapabilities: missing, CgroupV1: fs.Type != unix.CGROUP2_SUPER_MAGIC}, nil
}

// Notes say what is there and what is done about it, a line each, for people.
func (c Conditions) Notes() []string {
	var notes []string
	if len(c.MissingCapabilities) > 0 {
		notes = append(notes, strings.Join(c.MissingCapabilities, ", ")+" can't be had here: left out of containers' capabilities; "+
			"containers keep the oom_score_adj that they can't lower")
	}
	if c.CgroupV1 {
		notes = append(notes, "control groups are version 1: the kubelet gets failCgroupV1: false")
	}
	return notes
}

// Without removes those that are missing from a list of capabilities.
func (c Conditions) Without(capabilities []string) []string {
	return slices.DeleteFunc(capabilities, func(name string) bool { return slices.Contains(c.MissingCapabilities, name) })
}

// capabilities that exist are 0 to unix.CAP_LAST_CAP; those that a node may lack are named.
var capabilities = map[int]string{
	unix.CAP_AUDIT_CONTROL:      "CAP_AUDIT_CONTROL",
	unix.CAP_AUDIT_READ:         "CAP_AUDIT_READ",
	unix.CAP_BLOCK_SUSPEND:      "CAP_BLOCK_SUSPEND",
	unix.CAP_IPC_LOCK:           "CAP_IPC_LOCK",
	unix.CAP_LEASE:              "CAP_LEASE",
	unix.CAP_LINUX_IMMUTABLE:    "CAP_LINUX_IMMUTABLE",
	unix.CAP_MAC_ADMIN:          "CAP_MAC_ADMIN",
	unix.CAP_MAC_OVERRIDE:       "CAP_MAC_OVERRIDE",
	unix.CAP_SYSLOG:             "CAP_SYSLOG",
	unix.CAP_SYS_BOOT:           "CAP_SYS_BOOT",
	unix.CAP_SYS_MODULE:         "CAP_SYS_MODULE",
	unix.CAP_SYS_NICE:           "CAP_SYS_NICE",
	unix.CAP_SYS_PACCT:          "CAP_SYS_PACCT",
	unix.CAP_SYS_RAWIO:          "CAP_SYS_RAWIO",
	unix.CAP_SYS_RESOURCE:       "CAP_SYS_RESOURCE",
	unix.CAP_SYS_TIME:           "CAP_SYS_TIME",
	unix.CAP_SYS_TTY_CONFIG:     "CAP_SYS_TTY_CONFIG",
	unix.CAP_WAKE_ALARM:         "CAP_WAKE_ALARM",
	unix.CAP_PERFMON:            "CAP_PERFMON",
	unix.CAP_BPF:                "CAP_BPF",
	unix.CAP_IPC_OWNER:          "CAP_IPC_OWNER",
	unix.CAP_NET_BROADCAST:      "CAP_NET_BROADCAST",
	unix.CAP_CHECKPOINT_RESTORE: "CAP_CHECKPOINT_RESTORE",
}

func missingCapabilities(statusFile string) ([]string, error) {
	status, err := os.ReadFile(statusFile)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(status)) {
		set, ok := strings.CutPrefix(line, "CapBnd:")
		if !ok {
			continue
		}
		bits, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", statusFile, err)
		}
		var missing []string
		for bit, name := range capabilities {
			if bits&(1<<bit) == 0 {
				missing = append(missing, name)
			}
		}
		slices.Sort(missing)
		return missing, nil
	}
	return nil, fmt.Errorf("%s has no CapBnd", statusFile)
}
