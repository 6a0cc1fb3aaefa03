package kind

import (
	"strings"
	"testing"

	deploy "example.com/annex/deploy/kind"
	"example.com/annex/tools/kind"
	"example.com/annex/tools/kind/host"
)

func TestAdapt(t *testing.T) {
	plain, err := adapt(deploy.Cluster, &kind.Site{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	old, err := adapt(deploy.Cluster, &kind.Site{Conditions: host.Conditions{CgroupV1: true, MissingCapabilities: []string{"CAP_SYS_RESOURCE"}}},
		[]string{"--feature-gates=A=true"})
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(plain.KubeadmConfigPatches, ""); strings.Contains(all, "failCgroupV1") || len(plain.ContainerdConfigPatches) > 0 {
		t.Errorf("a machine with all that is needed gets %s %v", all, plain.ContainerdConfigPatches)
	}
	if all := strings.Join(old.KubeadmConfigPatches, ""); !strings.Contains(all, "failCgroupV1: false") {
		t.Errorf("a machine with version 1 of control groups gets %s", all)
	}
	if len(old.ContainerdConfigPatches) != 1 {
		t.Errorf("a machine without CAP_SYS_RESOURCE gets %v", old.ContainerdConfigPatches)
	}
	if patches := old.KubeadmConfigPatchesJSON6902; len(patches) != 1 ||
		patches[0].Patch != `[{"op":"add","path":"/apiServer/extraArgs/-","value":{"name":"feature-gates","value":"A=true"}}]` {
		t.Errorf("a flag of kube-apiserver becomes %v", patches)
	}
	for name, tc := range map[string]struct{ config, arg string }{
		"no configuration": {"kind: Cluster\nunknown: true\n", "--a=b"},
		"no value":         {string(deploy.Cluster), "--a"},
	} {
		if _, err := adapt([]byte(tc.config), &kind.Site{}, []string{tc.arg}); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}
