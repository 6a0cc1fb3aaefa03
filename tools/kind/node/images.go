package node

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"example.com/annex/tools/image/assembly"
	"example.com/annex/tools/image/layer"
)

// What kind v0.33.0 has nodes run besides what kubeadm does: pkg/build/nodeimage/const_*.go and the sandbox_image of
// images/base/files/etc/containerd/config.toml. Under other names kind would look for them in a registry.
const (
	// Version of kind.
	Version = "v0.33.0"

	sandboxImage       = "registry.k8s.io/pause:3.10"
	kindnetImage       = "docker.io/kindest/kindnetd:v20260820-69b56db7"
	provisionerImage   = "docker.io/kindest/local-path-provisioner:v20260820-69b56db7"
	storageHelperImage = "docker.io/kindest/local-path-helper:v20260131-7181c60a"
)

// kubernetes is what a version of Kubernetes consists of.
type kubernetes struct {
	version string // v1.37.2
	// images of the node's containers, by the archive that kind looks for them in, which is a program's name.
	images map[string]map[string]v1.Image
}

// makeImages makes the images of everything that runs in containers on a node.
func makeImages(ctx context.Context, programs Programs, base root) (kubernetes, error) {
	version, err := output(ctx, programs.Kubeadm, "version", "--output=short")
	if err != nil {
		return kubernetes{}, err
	}
	names, err := output(ctx, programs.Kubeadm, "config", "images", "list", "--kubernetes-version="+version)
	if err != nil {
		return kubernetes{}, err
	}
	k := kubernetes{version: version, images: map[string]map[string]v1.Image{}}
	for name := range strings.FieldsSeq(names) {
		archive, image, err := makeImage(name, programs, base)
		if err != nil {
			return kubernetes{}, fmt.Errorf("making image %s: %w", name, err)
		}
		if image != nil {
			k.add(archive, name, image)
		}
	}
	for name, program := range map[string]layer.Entry{
		sandboxImage:     {Path: "/pause", Source: programs.Pause, Mode: 0o755},
		kindnetImage:     {Path: "/bin/kindnetd", Source: programs.Kindnet, Mode: 0o755},
		provisionerImage: {Path: "/usr/local/bin/local-path-provisioner", Source: programs.LocalPathProvisioner, Mode: 0o755},
	} {
		image, err := ofProgram(program, nil)
		if err != nil {
			return kubernetes{}, fmt.Errorf("making image %s: %w", name, err)
		}
		k.add("kube-apiserver", name, image)
	}
	helper, err := storageHelper(base)
	if err != nil {
		return kubernetes{}, fmt.Errorf("making image %s: %w", storageHelperImage, err)
	}
	k.add("kube-apiserver", storageHelperImage, helper)
	return k, nil
}

func (k kubernetes) add(archive, name string, image v1.Image) {
	if k.images[archive] == nil {
		k.images[archive] = map[string]v1.Image{}
	}
	k.images[archive][name] = image
}

// makeImage makes one of those that kubeadm asks for, or none, where kind has one of its own.
func makeImage(name string, programs Programs, base root) (archive string, image v1.Image, err error) {
	repository, _, _ := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	bin := func(file string) layer.Entry {
		return layer.Entry{Path: "/usr/local/bin/" + repository, Source: file, Mode: 0o755}
	}
	archive = "kube-apiserver"
	switch repository {
	case "kube-apiserver":
		image, err = ofProgram(bin(programs.KubeAPIServer), nil)
	case "kube-controller-manager":
		archive = repository
		image, err = ofProgram(bin(programs.KubeControllerManager), nil)
	case "kube-scheduler":
		archive = repository
		image, err = ofProgram(bin(programs.KubeScheduler), nil)
	case "kube-proxy":
		archive = repository
		var files []layer.Entry
		if files, err = proxyFiles(base); err == nil {
			image, err = ofProgram(bin(programs.KubeProxy), files)
		}
	case "etcd":
		image, err = ofProgram(bin(programs.Etcd), nil)
	case "coredns":
		image, err = ofProgram(layer.Entry{Path: "/coredns", Source: programs.CoreDNS, Mode: 0o755}, nil)
	case "pause":
	default:
		err = errors.New("it is unknown here: kubeadm asks for something new")
	}
	return archive, image, err
}

// ofProgram is an image that runs a program. Programs of Kubernetes are started by name.
func ofProgram(program layer.Entry, files []layer.Entry) (v1.Image, error) {
	return assembly.Image{
		Architecture: runtime.GOARCH,
		Files:        files,
		Program:      &program,
		Entrypoint:   []string{program.Path},
		Env:          map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
	}.On(nil)
}

// proxyFiles are what kube-proxy calls: iptables with its plug-ins, of which it uses statistic among others, and nft.
func proxyFiles(base root) ([]layer.Entry, error) {
	files, err := base.withLibraries("usr/sbin/xtables-nft-multi", "usr/sbin/nft", "usr/lib/*-linux-gnu/xtables/*.so")
	if err != nil {
		return nil, err
	}
	loader, err := base.library("ld-linux-x86-64.so.2")
	if runtime.GOARCH == "arm64" {
		loader, err = base.library("ld-linux-aarch64.so.1")
	}
	if err != nil {
		return nil, err
	}
	files = append(files,
		layer.Entry{Path: "/lib", Link: "usr/lib"},
		layer.Entry{Path: "/lib64", Link: "usr/lib64"},
		layer.Entry{Path: "/sbin", Link: "usr/sbin"},
		layer.Entry{Path: "/run", Mode: 0o755},
		layer.Entry{Path: "/tmp", Mode: 0o1777},
	)
	if runtime.GOARCH == "amd64" {
		files = append(files, layer.Entry{Path: "/usr/lib64/ld-linux-x86-64.so.2", Link: "/" + loader})
	}
	for _, name := range []string{"iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"} {
		files = append(files, layer.Entry{Path: "/usr/sbin/" + name, Link: "xtables-nft-multi"})
	}
	return files, nil
}

// storageHelper makes and removes the directories of volumes, by a shell script.
func storageHelper(base root) (v1.Image, error) {
	files := []layer.Entry{{Path: "/bin/busybox", Source: base.path("usr/bin/busybox"), Mode: 0o755}}
	for _, name := range []string{"sh", "mkdir", "rm"} {
		files = append(files, layer.Entry{Path: "/bin/" + name, Link: "busybox"})
	}
	return assembly.Image{Architecture: runtime.GOARCH, Files: files, Entrypoint: []string{"/bin/sh"}}.On(nil)
}

func output(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return "", fmt.Errorf("running %s %s: %w", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
