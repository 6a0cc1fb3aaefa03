package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRepository reads the checkout itself: Bazel's sandbox has only a link into it.
func TestRepository(t *testing.T) {
	t.Parallel()
	workspace, err := filepath.EvalSymlinks(filepath.Join("..", "..", "WORKSPACE"))
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(workspace)
	files, err := sources(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("found %d files below %s: that can't be the checkout", len(files), root)
	}
	if err := run(root, true); err != nil {
		t.Error(err)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, text string
		want       string // after formatting
		complaint  string // of a check
	}{
		"good Go":       {file: "a.go", text: "package a\n", want: "package a\n"},
		"bad Go":        {file: "a.go", text: "package   a\n", want: "package a\n", complaint: "a.go: not in standard form"},
		"broken Go":     {file: "a.go", text: "package a\nfunc {", want: "package a\nfunc {", complaint: "a.go: 2:6"},
		"bad BUILD":     {file: "BUILD.bazel", text: "filegroup(name='x')\n", want: "filegroup(name = \"x\")\n", complaint: "BUILD.bazel: not in standard form"},
		"a finding":     {file: "BUILD.bazel", text: "load(\"//:a.bzl\", \"unused\")\n", want: "load(\"//:a.bzl\", \"unused\")\n", complaint: "BUILD.bazel:1: load"},
		"other files":   {file: "a.txt", text: "  x", want: "  x"},
		"hidden places": {file: ".hidden/a.go", text: "package   a\n", want: "package   a\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			path := filepath.Join(root, tc.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(tc.text), 0o644); err != nil {
				t.Fatal(err)
			}
			err := run(root, true)
			if tc.complaint == "" && err != nil || tc.complaint != "" && (err == nil || !strings.Contains(err.Error(), tc.complaint)) {
				t.Errorf("check says %v, want %q", err, tc.complaint)
			}
			_ = run(root, false) // findings stay
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tc.want {
				t.Errorf("formatted to %q, want %q", got, tc.want)
			}
		})
	}
}
