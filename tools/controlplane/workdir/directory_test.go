package workdir_test

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/annex/tools/controlplane/workdir"
)

// ownerVariable makes this test program an owner of a directory in the parent
// that it names, for the tests that need an owner who dies.
const ownerVariable = "WORKDIR_TEST_PARENT"

func TestMain(m *testing.M) {
	if parent := os.Getenv(ownerVariable); parent != "" {
		directory, err := workdir.New(parent, "annex")
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Stdout.WriteString(directory.Path() + "\n")
		select {} // until killed
	}
	os.Exit(m.Run())
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func TestDirectoryIsPrivateAndGoesAway(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	directory, err := workdir.New(parent, "annex")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(directory.Path())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("mode is %v, want drwx------", info.Mode())
	}
	if err := os.WriteFile(directory.Join("a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := directory.Remove(); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestNextOneRemovesWhatAKilledOwnerLeft(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	owner := exec.CommandContext(t.Context(), program)
	owner.Env = append(os.Environ(), ownerVariable+"="+parent)
	output, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	abandoned := line[:len(line)-1]

	mine, err := workdir.New(parent, "annex")
	if err != nil {
		t.Fatal(err)
	}
	if !exists(t, abandoned) {
		t.Fatal("the directory of a live owner was removed")
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // It was killed.

	if removed := workdir.Sweep(parent, "annex"); !slices.Equal(removed, []string{abandoned}) {
		t.Errorf("swept %v, want only %s", removed, abandoned)
	}
	if exists(t, abandoned) {
		t.Error("the directory of a dead owner is still there")
	}
	if !exists(t, mine.Path()) {
		t.Error("a directory in use was removed")
	}
	if err := mine.Remove(); err != nil {
		t.Error(err)
	}
}

func TestSweepLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	kept := []string{filepath.Join(parent, "other-1"), filepath.Join(parent, "annexed-1")}
	for _, path := range kept {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	target, link, file := filepath.Join(parent, "target"), filepath.Join(parent, "annex-link"), filepath.Join(parent, "annex-file")
	if err := errors.Join(os.Mkdir(target, 0o700), os.Symlink(target, link), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if removed := workdir.Sweep(parent, "annex"); len(removed) != 0 {
		t.Errorf("swept %v", removed)
	}
	for _, path := range append(kept, target, link, file) {
		if !exists(t, path) {
			t.Errorf("%s is gone", path)
		}
	}
}

func TestRemoveExceptKeepsForADay(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	directory, err := workdir.New(parent, "annex")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"logs", "data"} {
		if err := os.Mkdir(directory.Join(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := directory.RemoveExcept("logs"); err != nil {
		t.Fatal(err)
	}
	if exists(t, directory.Join("data")) {
		t.Error("the data is still there")
	}
	if removed := workdir.Sweep(parent, "annex"); len(removed) != 0 || !exists(t, directory.Join("logs")) {
		t.Errorf("the logs are gone; swept %v", removed)
	}
	old := time.Now().Add(-workdir.KeptFor - time.Minute)
	if err := os.Chtimes(directory.Join(".kept"), old, old); err != nil {
		t.Fatal(err)
	}
	if workdir.Sweep(parent, "annex"); exists(t, directory.Path()) {
		t.Error("what was kept is still there after a day")
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	parent := filepath.Join(t.TempDir(), "with [a] *?")
	if err := os.Mkdir(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				directory, err := workdir.New(parent, "annex")
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(directory.Join("a"), nil, 0o600); err != nil {
					t.Errorf("a directory in use was removed: %v", err)
				}
				if err := directory.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := workdir.New(t.TempDir(), ""); err == nil {
		t.Error("an empty prefix was accepted: sweeping would remove anything")
	}
	if _, err := workdir.New(filepath.Join(t.TempDir(), "missing"), "annex"); err == nil {
		t.Error("a missing parent was accepted")
	}
}
