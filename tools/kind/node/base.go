package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"example.com/annex/tools/kind/debian"
)

// makeBase fills a directory with the root directory of nodes, as images/base/Dockerfile of kind makes it.
func makeBase(ctx context.Context, recipe Recipe, dir string) error {
	if err := debian.Unpack(ctx, packages, dir); err != nil {
		return fmt.Errorf("unpacking the packages of nodes: %w", err)
	}
	for _, step := range []struct {
		what string
		do   func(root) error
	}{
		{"finishing what the packages' scripts would", root.configure},
		{"adding kind's files", func(r root) error { return r.addKind(recipe.KindFiles) }},
		{"choosing services", root.chooseServices},
		{"keeping the machine's sysctls", root.shieldSysctls},
		{"adding the container runtime", func(r root) error { return r.addRuntime(ctx, recipe.Programs) }},
		{"removing what is not needed", root.prune},
	} {
		if err := step.do(root(dir)); err != nil {
			return fmt.Errorf("making the root directory of nodes: %s: %w", step.what, err)
		}
	}
	return nil
}

// root is a root directory.
type root string

func (r root) path(path string) string { return filepath.Join(string(r), path) }

func (r root) write(path, text string, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(r.path(path)), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(r.path(path), []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(r.path(path), mode) // Whatever the umask, and the file's mode before.
}

func (r root) append(path, text string) error {
	file, err := os.OpenFile(r.path(path), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// link replaces what is there.
func (r root) link(target, path string) error {
	if err := os.MkdirAll(filepath.Dir(r.path(path)), 0o755); err != nil {
		return err
	}
	if err := os.Remove(r.path(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, r.path(path))
}

func (r root) install(source, path string, mode fs.FileMode) error {
	content, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return r.write(path, string(content), mode)
}

// all calls do for each path, until one fails.
func all(do func(path string) error, paths ...string) error {
	for _, path := range paths {
		if err := do(path); err != nil {
			return err
		}
	}
	return nil
}

// configure writes what packages write when they are installed.
func (r root) configure() error {
	passwd, err := os.ReadFile(r.path("usr/share/base-passwd/passwd.master"))
	if err != nil {
		return err
	}
	group, err := os.ReadFile(r.path("usr/share/base-passwd/group.master"))
	if err != nil {
		return err
	}
	// Those of systemd's sysusers.d without which its services complain.
	users := string(passwd) + "systemd-network:*:998:998::/:/usr/sbin/nologin\n"
	var shadow strings.Builder
	for line := range strings.Lines(users) {
		name, _, _ := strings.Cut(line, ":")
		fmt.Fprintf(&shadow, "%s:*:20000:0:99999:7:::\n", name)
	}
	certificates, err := r.certificates()
	if err != nil {
		return err
	}
	return errors.Join(
		r.write("etc/passwd", users, 0o644),
		r.write("etc/group", string(group)+"systemd-network:x:998:\nsystemd-journal:x:999:\n", 0o644),
		r.write("etc/shadow", shadow.String(), 0o600),
		r.write("etc/machine-id", "", 0o444),
		r.write("etc/ssl/certs/ca-certificates.crt", certificates, 0o644),
		r.write("var/lib/dpkg/status", "", 0o644),
		r.link("../usr/lib/os-release", "etc/os-release"),
		r.link("dash", "usr/bin/sh"),
		r.link("mawk", "usr/bin/awk"),
		r.link("which.debianutils", "usr/bin/which"),
		r.link("/usr/lib/systemd/systemd", "usr/sbin/init"),
		os.MkdirAll(r.path("var/log"), 0o755),
		r.chooseIptables("iptables"),
		r.chooseIptables("ip6tables"),
	)
}

// certificates are those of the authorities that Debian trusts.
func (r root) certificates() (string, error) {
	files, err := filepath.Glob(r.path("usr/share/ca-certificates/mozilla/*.crt"))
	if err != nil {
		return "", err
	}
	var bundle strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		bundle.Write(content)
	}
	return bundle.String(), nil
}

// chooseIptables writes what update-alternatives keeps of a program with two implementations: the entrypoint of nodes
// chooses again. The format is that of dpkg's utils/update-alternatives.c: how it was chosen, the link, its followers, and
// each implementation with its priority and followers.
func (r root) chooseIptables(family string) error {
	const bin = "/usr/sbin/"
	followers := []string{family + "-restore", family + "-save"}
	var state strings.Builder
	fmt.Fprintf(&state, "manual\n%s\n", bin+family)
	for _, follower := range followers {
		fmt.Fprintf(&state, "%s\n%s\n", follower, bin+follower)
	}
	state.WriteString("\n")
	for _, implementation := range []struct {
		name     string
		priority int
	}{{"legacy", 10}, {"nft", 20}} {
		fmt.Fprintf(&state, "%s%s-%s\n%d\n", bin, family, implementation.name, implementation.priority)
		for _, suffix := range []string{"-restore", "-save"} {
			fmt.Fprintf(&state, "%s%s-%s%s\n", bin, family, implementation.name, suffix)
		}
	}
	state.WriteString("\n")
	if err := r.write("var/lib/dpkg/alternatives/"+family, state.String(), 0o644); err != nil {
		return err
	}
	return all(func(suffix string) error {
		return errors.Join(
			r.link(bin+family+"-nft"+suffix, "etc/alternatives/"+family+suffix),
			r.link("/etc/alternatives/"+family+suffix, bin+family+suffix),
		)
	}, "", "-restore", "-save")
}

// addKind copies kind's files: programs may be executed, other files not, whatever a module's archive makes of that.
func (r root) addKind(files string) error {
	return filepath.WalkDir(files, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(files, name)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.Contains("/"+filepath.ToSlash(relative), "/bin/") {
			mode = 0o755
		}
		return r.install(name, relative, mode)
	})
}

// chooseServices enables what makes a node, and disables what only a machine needs.
func (r root) chooseServices() error {
	for _, pattern := range []string{
		"usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
		"usr/lib/systemd/system/multi-user.target.wants/*",
		"usr/lib/systemd/system/local-fs.target.wants/*",
		"usr/lib/systemd/system/basic.target.wants/*",
		"usr/lib/systemd/system/sockets.target.wants/*udev*",
		"usr/lib/systemd/system/sockets.target.wants/*initctl*",
		"etc/systemd/system/*.wants/*",
	} {
		found, err := filepath.Glob(r.path(pattern))
		if err != nil {
			return err
		}
		if err := all(os.RemoveAll, found...); err != nil {
			return err
		}
	}
	enable := func(unit string) error { return r.enable(unit, "multi-user.target") }
	return errors.Join(
		all(enable, "kubelet.service", "containerd.service", "undo-mount-hacks.service"),
		// It would register formats with the machine's kernel.
		r.link("/dev/null", "etc/systemd/system/systemd-binfmt.service"),
		// The kernel's messages are the machine's.
		r.append("etc/systemd/journald.conf", "ReadKMsg=no\n"),
	)
}

func (r root) enable(unit, target string) error {
	return r.link("../"+unit, "etc/systemd/system/"+target+".wants/"+unit)
}

// addRuntime adds containerd, what calls and tests it, and the plugins that connect Pods.
func (r root) addRuntime(ctx context.Context, programs Programs) error {
	for path, source := range map[string]string{
		"usr/local/bin/containerd":              programs.Containerd,
		"usr/local/bin/containerd-shim-runc-v2": programs.ContainerdShim,
		"usr/local/bin/ctr":                     programs.Ctr,
		"usr/local/bin/crictl":                  programs.Crictl,
		"opt/cni/bin/host-local":                programs.HostLocal,
		"opt/cni/bin/loopback":                  programs.Loopback,
		"opt/cni/bin/portmap":                   programs.Portmap,
		"opt/cni/bin/ptp":                       programs.PTP,
	} {
		if err := r.install(source, path, 0o755); err != nil {
			return err
		}
	}
	spec, err := exec.CommandContext(ctx, programs.Ctr, "oci", "spec").Output()
	if err != nil {
		return fmt.Errorf("asking containerd for its defaults: %w", err)
	}
	if spec, err = baseSpec(spec); err != nil {
		return fmt.Errorf("reading containerd's defaults: %w", err)
	}
	return errors.Join(
		r.write("etc/containerd/cri-base.json", string(spec), 0o644),
		os.MkdirAll(r.path("etc/kubernetes/manifests"), 0o755),
		os.MkdirAll(r.path("kind/manifests"), 0o755),
	)
}

// baseSpec is what Pods' containers start from: containerd's defaults, without limits of its own, and with kind's hook.
func baseSpec(defaults []byte) ([]byte, error) {
	var spec map[string]any
	if err := json.Unmarshal(defaults, &spec); err != nil {
		return nil, err
	}
	process, ok := spec["process"].(map[string]any)
	if !ok {
		return nil, errors.New("there is no process in them")
	}
	delete(process, "rlimits")
	spec["hooks"] = map[string]any{"createContainer": []any{map[string]any{"path": "/kind/bin/mount-product-files.sh"}}}
	return json.Marshal(spec)
}

// prune removes what no node reads, a third of all.
func (r root) prune() error {
	return all(func(path string) error { return os.RemoveAll(r.path(path)) },
		"usr/share/i18n", "usr/share/zoneinfo", "usr/share/bash-completion", "usr/lib/udev/hwdb.d", "usr/share/perl5", "usr/share/perl",
		"usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bug", "usr/share/info")
}
