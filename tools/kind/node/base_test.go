package node

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBaseSpec(t *testing.T) {
	t.Parallel()
	spec, err := baseSpec([]byte(`{"ociVersion":"1.2","process":{"cwd":"/","rlimits":[{"type":"RLIMIT_NOFILE"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Process map[string]any
		Hooks   struct{ CreateContainer []struct{ Path string } }
	}
	if err := json.Unmarshal(spec, &got); err != nil {
		t.Fatal(err)
	}
	if _, limited := got.Process["rlimits"]; limited || got.Process["cwd"] != "/" {
		t.Errorf("unexpected process: %v", got.Process)
	}
	if hooks := got.Hooks.CreateContainer; len(hooks) != 1 || !strings.HasPrefix(hooks[0].Path, "/kind/bin/") {
		t.Errorf("unexpected hooks: %v", hooks)
	}
	if _, err := baseSpec([]byte(`{}`)); err == nil {
		t.Error("a specification without a process is taken")
	}
}

// TestShieldSysctls: each sysctl that the kubelet sets has a mount that the kubelet waits for, named as systemd wants it.
func TestShieldSysctls(t *testing.T) {
	t.Parallel()
	r := root(t.TempDir())
	if err := r.write("usr/lib/sysctl.d/50-pid-max.conf", "kernel.pid_max = 4194304\n", 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.shieldSysctls(); err != nil {
		t.Fatal(err)
	}
	if found, err := filepath.Glob(r.path("usr/lib/sysctl.d/*")); err != nil || len(found) > 0 {
		t.Errorf("settings are left: %v, %v", found, err)
	}
	waits, err := os.ReadFile(r.path("etc/systemd/system/kubelet.service.d/20-sysctl.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for unit, where := range map[string]string{
		"proc-sys-vm-overcommit_memory.mount":     "/proc/sys/vm/overcommit_memory",
		"proc-sys-kernel-keys-root_maxkeys.mount": "/proc/sys/kernel/keys/root_maxkeys",
	} {
		text, err := os.ReadFile(r.path("etc/systemd/system/" + unit))
		if err != nil || !strings.Contains(string(text), "Where="+where+"\n") {
			t.Errorf("%s has no mount at %s: %v\n%s", unit, where, err, text)
		}
		if strings.Count(string(waits), unit) != 2 {
			t.Errorf("the kubelet does not require %s and wait for it: %s", unit, waits)
		}
	}
}
