package debian

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Packages says which packages to unpack.
type Packages struct {
	// Names, and whatever apt says that they depend on. Packages that every Debian has (Essential: yes) are not
	// dependencies: name those that are wanted.
	Names []string
	// Without matches the whole name of dependencies to leave out, with a reason in the caller's comment: what only their
	// scripts need, for example.
	Without *regexp.Regexp
}

// Release is the name of this machine's Debian, "bookworm". It is an error if it is no Debian, or lacks apt or dpkg-deb.
func Release() (string, error) {
	for _, program := range []string{"apt-get", "dpkg-deb", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("unpacking Debian's packages: %w", err)
		}
	}
	file, err := os.Open("/etc/os-release")
	if err != nil {
		return "", fmt.Errorf("finding out which Debian this is: %w", err)
	}
	defer file.Close()
	fields := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		fields[name] = strings.Trim(value, `"`)
	}
	if fields["ID"] != "debian" || fields["VERSION_CODENAME"] == "" {
		return "", fmt.Errorf("this is %q, and no release of Debian", fields["PRETTY_NAME"])
	}
	return fields["VERSION_CODENAME"], nil
}

// Unpack unpacks packages into a directory, which gets the merged /usr of a newer Debian. Everything belongs to whoever
// runs it. Documentation and translations are left out.
func Unpack(ctx context.Context, packages Packages, dir string) error {
	work, err := os.MkdirTemp("", "annex-debian-")
	if err != nil {
		return fmt.Errorf("making a directory for apt: %w", err)
	}
	err = unpack(ctx, packages, work, dir)
	return errors.Join(err, os.RemoveAll(work))
}

func unpack(ctx context.Context, packages Packages, work, dir string) error {
	apt, err := newApt(work)
	if err != nil {
		return err
	}
	if err := apt.run(ctx, nil, "update", "-qq"); err != nil {
		return err
	}
	names, err := apt.closure(ctx, packages)
	if err != nil {
		return err
	}
	if err := apt.run(ctx, nil, append([]string{"download", "-qq"}, names...)...); err != nil {
		return err
	}
	for _, merged := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.MkdirAll(filepath.Join(dir, "usr", merged), 0o755); err != nil {
			return err
		}
		if err := os.Symlink("usr/"+merged, filepath.Join(dir, merged)); err != nil {
			return err
		}
	}
	files, err := filepath.Glob(filepath.Join(apt.downloads, "*.deb"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := extract(ctx, file, dir); err != nil {
			return fmt.Errorf("unpacking %s: %w", filepath.Base(file), err)
		}
	}
	return nil
}

// extract pipes what dpkg-deb unpacks into tar, since dpkg-deb by itself replaces links to directories.
func extract(ctx context.Context, file, dir string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	unpack := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", file)
	write := exec.CommandContext(ctx, "tar", "-x", "-C", dir, "--keep-directory-symlink", "--no-same-owner", "-p",
		"--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*", "--exclude=./usr/share/locale/*", "--exclude=./usr/share/info/*",
		"--exclude=./usr/share/lintian/*", "--exclude=./usr/share/bug/*")
	var complaints bytes.Buffer
	unpack.Stderr, write.Stderr = &complaints, &complaints
	pipe, err := unpack.StdoutPipe()
	if err != nil {
		return err
	}
	write.Stdin = pipe
	if err := unpack.Start(); err != nil {
		return err
	}
	if err := write.Run(); err != nil {
		cancel()
		return errors.Join(fmt.Errorf("%w\n%s", err, complaints.Bytes()), unpack.Wait())
	}
	if err := unpack.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, complaints.Bytes())
	}
	return nil
}

// apt is apt-get with a state of its own, in which no package is installed. Where packages come from, and who signs
// them, is what the machine's apt is set up with.
type apt struct {
	config, downloads string
}

func newApt(work string) (*apt, error) {
	a := &apt{config: filepath.Join(work, "apt.conf"), downloads: filepath.Join(work, "packages")}
	for _, dir := range []string{"state/lists/partial", "cache/archives/partial", "packages"} {
		if err := os.MkdirAll(filepath.Join(work, dir), 0o755); err != nil {
			return nil, fmt.Errorf("making a state for apt: %w", err)
		}
	}
	status := filepath.Join(work, "state", "status")
	settings := fmt.Sprintf(`Dir::State %q;
Dir::State::status %q;
Dir::Cache %q;
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
`, filepath.Join(work, "state"), status, filepath.Join(work, "cache"))
	if err := errors.Join(os.WriteFile(status, nil, 0o644), os.WriteFile(a.config, []byte(settings), 0o644)); err != nil {
		return nil, fmt.Errorf("making a state for apt: %w", err)
	}
	return a, nil
}

func (a *apt) run(ctx context.Context, stdout *bytes.Buffer, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "APT_CONFIG="+a.config, "LC_ALL=C")
	cmd.Dir = a.downloads
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if stdout != nil {
		cmd.Stdout = stdout
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, bytes.TrimSpace(complaints.Bytes()))
	}
	return nil
}

// closure asks apt what it would install on a machine without any package.
func (a *apt) closure(ctx context.Context, packages Packages) ([]string, error) {
	var plan bytes.Buffer
	if err := a.run(ctx, &plan, append([]string{"--simulate", "install"}, packages.Names...)...); err != nil {
		return nil, err
	}
	names := parsePlan(plan.String())
	if len(names) == 0 {
		return nil, fmt.Errorf("apt-get would install none of %s", strings.Join(packages.Names, ", "))
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return packages.Without != nil && !slices.Contains(packages.Names, name) && packages.Without.MatchString(name)
	}), nil
}

// parsePlan finds the packages in what apt-get --simulate prints: "Inst docker.io (20.10.24 Debian:12/stable [amd64])".
func parsePlan(plan string) []string {
	var names []string
	for line := range strings.Lines(plan) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Inst" {
			names = append(names, fields[1])
		}
	}
	slices.Sort(names)
	return names
}
