package kind

import (
	"sigs.k8s.io/kind/pkg/cluster"

	"example.com/annex/tools/kind/host"
)

// Site is where clusters can be made.
type Site struct {
	// Provider makes kind use the engine.
	Provider cluster.ProviderOption
	// Image is that of nodes.
	Image string
	// Conditions are those of the machine that the nodes share.
	Conditions host.Conditions
}

// Patches adapt a cluster to the machine: add them to the cluster's configuration. On most machines there are none.
func (s *Site) Patches() (kubeadm, containerd []string) {
	if s.Conditions.CgroupV1 {
		kubeadm = append(kubeadm, "kind: KubeletConfiguration\nfailCgroupV1: false\n")
	}
	if len(s.Conditions.MissingCapabilities) > 0 {
		// Nobody here can lower it, and containerd would give up.
		containerd = append(containerd, "[plugins.\"io.containerd.grpc.v1.cri\"]\n  restrict_oom_score_adj = true\n")
	}
	return kubeadm, containerd
}
