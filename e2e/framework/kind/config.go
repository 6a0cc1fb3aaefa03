package kind

import (
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/yaml"

	"example.com/annex/tools/kind"
)

// unsafeEtcd lets etcd answer before the disk has: the data live as long as the cluster.
const unsafeEtcd = `kind: ClusterConfiguration
etcd:
  local:
    extraArgs:
    - name: unsafe-no-fsync
      value: "true"
`

// adapt reads a cluster's configuration, and adds what the machine needs, and flags of kube-apiserver.
func adapt(config []byte, site *kind.Site, args []string) (*v1alpha4.Cluster, error) {
	var adapted v1alpha4.Cluster
	if err := yaml.UnmarshalStrict(config, &adapted); err != nil {
		return nil, fmt.Errorf("reading the configuration of a kind cluster: %w", err)
	}
	kubeadm, containerd := site.Patches()
	adapted.KubeadmConfigPatches = append(append(adapted.KubeadmConfigPatches, unsafeEtcd), kubeadm...)
	adapted.ContainerdConfigPatches = append(adapted.ContainerdConfigPatches, containerd...)
	if len(args) > 0 {
		patch, err := addFlags(args)
		if err != nil {
			return nil, err
		}
		adapted.KubeadmConfigPatchesJSON6902 = append(adapted.KubeadmConfigPatchesJSON6902, patch)
	}
	v1alpha4.SetDefaultsCluster(&adapted)
	return &adapted, nil
}

// addFlags adds to the end of a list in kubeadm's ClusterConfiguration.
func addFlags(args []string) (v1alpha4.PatchJSON6902, error) {
	type operation struct {
		Operation string            `json:"op"`
		Path      string            `json:"path"`
		Value     map[string]string `json:"value"`
	}
	var operations []operation
	for _, arg := range args {
		name, value, ok := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !ok {
			return v1alpha4.PatchJSON6902{}, fmt.Errorf("flag %s of kube-apiserver: want --name=value", arg)
		}
		operations = append(operations, operation{"add", "/apiServer/extraArgs/-", map[string]string{"name": name, "value": value}})
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return v1alpha4.PatchJSON6902{}, err
	}
	return v1alpha4.PatchJSON6902{Group: "kubeadm.k8s.io", Version: "v1beta4", Kind: "ClusterConfiguration", Patch: string(patch)}, nil
}
