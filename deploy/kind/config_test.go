package kind_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/yaml"

	"example.com/annex/deploy/kind"
)

// TestVariants: kind takes both, and they differ in nothing but the one flag.
func TestVariants(t *testing.T) {
	t.Parallel()
	patch := func(routing bool) string {
		var cluster v1alpha4.Cluster
		if err := yaml.UnmarshalStrict(kind.Config(routing), &cluster); err != nil {
			t.Fatal(err)
		}
		if len(cluster.KubeadmConfigPatches) != 1 {
			t.Fatalf("there are %d patches, want one", len(cluster.KubeadmConfigPatches))
		}
		var flags struct {
			APIServer struct {
				ExtraArgs []struct{ Name, Value string }
			}
		}
		if err := yaml.Unmarshal([]byte(cluster.KubeadmConfigPatches[0]), &flags); err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, flag := range flags.APIServer.ExtraArgs {
			list = append(list, flag.Name+"="+flag.Value)
		}
		return strings.Join(list, "\n")
	}
	with, without := patch(true), patch(false)
	if !strings.Contains(without, "requestheader-uid-headers=X-Remote-Uid") {
		t.Errorf("the flags lack requestheader-uid-headers:\n%s", without)
	}
	if got := strings.Replace(without, "enable-aggregator-routing=false", "enable-aggregator-routing=true", 1); got != with {
		t.Errorf("the variants differ in more than enable-aggregator-routing:\n%s\n\n%s", without, with)
	}
}
