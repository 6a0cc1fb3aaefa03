package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// kubectlVariable makes this test program kubectl.
const kubectlVariable = "KUBECTL_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(kubectlVariable) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestRelativeFile(t *testing.T) {
	t.Parallel()
	if kubectlRunfile == "" {
		t.Skip("the kubectl that it runs is Bazel's: ./tools/bazel test //tools/kubectl:kubectl_test")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "here"), []byte("current-context: found\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "config", "current-context", "--kubeconfig=here")
	cmd.Env = append(os.Environ(), kubectlVariable+"=1", "BUILD_WORKING_DIRECTORY="+dir)
	if output, err := cmd.CombinedOutput(); err != nil || string(output) != "found\n" {
		t.Errorf("kubectl says %q, %v", output, err)
	}
}
