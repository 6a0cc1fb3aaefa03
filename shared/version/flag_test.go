package version_test

import (
	"flag"
	"os"
	"os/exec"
	"testing"

	"example.com/annex/shared/version"
)

// programVariable makes this test program one that has the flag and nothing else.
const programVariable = "VERSION_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		flags := flag.NewFlagSet("/somewhere/program", flag.ExitOnError)
		version.AddFlag(flags)
		_ = flags.Parse(os.Args[1:]) // It does not return.
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestFlag(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "--version")
	cmd.Env = append(os.Environ(), programVariable+"=1")
	if output, err := cmd.Output(); err != nil || string(output) != "program "+version.Long()+"\n" {
		t.Errorf("--version prints %q, %v", output, err)
	}
}
