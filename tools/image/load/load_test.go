package load_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"example.com/annex/tools/image/load"
)

// programVariable makes this test program stand in for an engine or kind: it writes what it was asked to load into a file
// of that name, and its arguments to standard output.
const programVariable = "LOAD_TEST_PROGRAM"

func TestMain(m *testing.M) {
	path := os.Getenv(programVariable)
	if path == "" {
		os.Exit(m.Run())
	}
	var archive io.Reader = os.Stdin
	for _, argument := range os.Args {
		if filepath.Base(argument) == "image.tar" {
			file, err := os.Open(argument)
			if err != nil {
				panic(err)
			}
			archive = file
		}
	}
	content, err := io.ReadAll(archive)
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		panic(err)
	}
	os.Stdout.WriteString(strings.Join(append([]string{filepath.Base(os.Args[0])}, os.Args[1:]...), " ") + "\n")
	if len(content) == 0 {
		os.Exit(1)
	}
}

func options(t *testing.T) load.Options {
	t.Helper()
	image, err := random.Image(100_000, 2)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("example.com/annex/program:development")
	if err != nil {
		t.Fatal(err)
	}
	return load.Options{Image: image, Tag: tag, Stdout: io.Discard, Progress: io.Discard}
}

// checkArchive checks that a file is an archive of the image.
func checkArchive(t *testing.T, path string, image v1.Image) {
	t.Helper()
	read, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if want, err := image.ConfigName(); err != nil || got != want {
		t.Errorf("%s is an archive of %s, want %s (%v)", path, got, want, err)
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	o := options(t)
	dir := t.TempDir()
	o.Output = filepath.Join(dir, "image.tar")
	if err := load.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	checkArchive(t, o.Output, o.Image)
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("the directory has %v, %v; want one file", files, err)
	}

	var stdout bytes.Buffer
	o.Stdout, o.Output = &stdout, "-"
	if err := load.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if file, err := os.ReadFile(filepath.Join(dir, "image.tar")); err != nil || !bytes.Equal(file, stdout.Bytes()) {
		t.Errorf("standard output has %d bytes, and the file %d, %v", stdout.Len(), len(file), err)
	}

	o.Output = filepath.Join(dir, "missing", "image.tar")
	if err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "writing an archive") {
		t.Errorf("into a directory that is not there: %v", err)
	}
}

// Not parallel, as the next ones: they change PATH.
func TestPrograms(t *testing.T) {
	for name, tc := range map[string]struct {
		program string
		change  func(*load.Options)
		want    string
	}{
		"docker":    {"docker", func(*load.Options) {}, "docker load\n"},
		"podman":    {"podman", func(*load.Options) {}, "podman load\n"},
		"an engine": {"nerdctl", func(o *load.Options) { o.Engine = "nerdctl" }, "nerdctl load\n"},
		"kind":      {"kind", func(o *load.Options) { o.Kind = "cluster" }, "kind load image-archive "},
	} {
		t.Run(name, func(t *testing.T) {
			o, loaded := options(t), filepath.Join(t.TempDir(), "loaded")
			install(t, tc.program, loaded)
			var progress bytes.Buffer
			o.Progress = &progress
			tc.change(&o)
			if err := load.Run(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			checkArchive(t, loaded, o.Image)
			if got := progress.String(); !strings.HasPrefix(got, tc.want) {
				t.Errorf("it ran %q, want %q", got, tc.want)
			}
			if o.Kind != "" && !strings.HasSuffix(progress.String(), "/image.tar --name cluster\n") {
				t.Errorf("it ran %q", progress.String())
			}
		})
	}
}

// install makes PATH a directory with nothing but this test program, under another name.
func install(t *testing.T, name, loaded string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv(programVariable, loaded)
}

func TestNoPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	o := options(t)
	if err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no docker or podman on PATH") || !strings.Contains(err.Error(), "--output=FILE") {
		t.Errorf("without an engine: %v", err)
	}
	o.Kind = "cluster"
	if err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "install kind") {
		t.Errorf("without kind: %v", err)
	}
}

// TestFailure: an engine that reads nothing and fails does not leave the loading hanging.
func TestFailure(t *testing.T) {
	install(t, "docker", filepath.Join(t.TempDir(), "no", "such", "directory"))
	if err := load.Run(t.Context(), options(t)); err == nil || !strings.Contains(err.Error(), "loading example.com/annex/program:development with ") {
		t.Errorf("with an engine that fails: %v", err)
	}
}
