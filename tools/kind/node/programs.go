package node

import (
	"reflect"
	"strings"

	"example.com/annex/tools/kind/cache"
)

// Programs are the files of the programs that an image is made from, all of them static. Their names in the image, and
// among Bazel's targets, are in the tags.
type Programs struct {
	Containerd            string `program:"containerd"`
	ContainerdShim        string `program:"containerd-shim-runc-v2"`
	CoreDNS               string `program:"coredns"`
	Crictl                string `program:"crictl"`
	Ctr                   string `program:"ctr"`
	Etcd                  string `program:"etcd"`
	HostLocal             string `program:"host-local"`
	Kindnet               string `program:"kindnet"`
	KubeAPIServer         string `program:"kube-apiserver"`
	KubeControllerManager string `program:"kube-controller-manager"`
	KubeProxy             string `program:"kube-proxy"`
	KubeScheduler         string `program:"kube-scheduler"`
	Kubeadm               string `program:"kubeadm"`
	Kubectl               string `program:"kubectl"`
	Kubelet               string `program:"kubelet"`
	LocalPathProvisioner  string `program:"local-path-provisioner"`
	Loopback              string `program:"loopback"`
	Pause                 string `program:"pause"`
	Portmap               string `program:"portmap"`
	PTP                   string `program:"ptp"`
	// Runc is not part of the image, but of engines.
	Runc string `program:"runc"`
}

// Each calls do with the name of each program, and the place for its file.
func (p *Programs) Each(do func(name string, file *string) error) error {
	value := reflect.ValueOf(p).Elem()
	for i := range value.NumField() {
		if err := do(value.Type().Field(i).Tag.Get("program"), value.Field(i).Addr().Interface().(*string)); err != nil {
			return err
		}
	}
	return nil
}

// Recipe is all that decides how an image comes out.
type Recipe struct {
	Programs Programs
	// KindFiles is the directory images/base/files of kind's module.
	KindFiles string
	// Release is the name of the Debian.
	Release string
}

// revision changes when the code of this package makes another image of the same things.
const revision = "1"

// Key hashes the recipe, for the cache.
func (r Recipe) Key() (string, error) {
	var key cache.Key
	key.Add(revision, r.Release, strings.Join(packages.Names, " "), packages.Without.String(), Version)
	err := r.Programs.Each(func(name string, file *string) error {
		if name == "runc" {
			return nil
		}
		key.Add(name)
		return key.AddFile(*file)
	})
	return key.String(), err
}
