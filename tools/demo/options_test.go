package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestFlags(t *testing.T) {
	t.Setenv("BUILD_WORKING_DIRECTORY", "/home/jane")
	for _, tc := range []struct {
		name string
		args []string
		want options
		err  string
	}{
		{name: "none"},
		{name: "stay", args: []string{"--stay"}, want: options{stay: true}},
		{name: "json", args: []string{"-o", "json"}, want: options{json: true}},
		{name: "text", args: []string{"--output=text"}},
		{name: "routing", args: []string{"--enable-aggregator-routing"}, want: options{routing: true}},
		{name: "where the person is", args: []string{"--dir", "here"}, want: options{dir: "/home/jane/here"}},
		{name: "elsewhere", args: []string{"--dir", "/there"}, want: options{dir: "/there"}},
		{name: "unknown output", args: []string{"-o", "yaml"}, err: "--output=yaml: must be text or json"},
		{name: "unknown flag", args: []string{"--say"}, err: "--say; --help"},
		{name: "argument", args: []string{"please"}, err: "takes no arguments, and got please"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := parse(tc.args, &bytes.Buffer{})
			switch {
			case tc.err == "" && err != nil:
				t.Fatal(err)
			case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)):
				t.Fatalf("got %v, want an error with %q", err, tc.err)
			case tc.err == "" && got != tc.want:
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	if status := run([]string{"--version"}, &stdout, &stderr); status != 0 || stderr.Len() > 0 || !strings.HasPrefix(stdout.String(), "demo ") {
		t.Errorf("status %d, stdout %q, stderr %q", status, &stdout, &stderr)
	}
}

func TestHelpTeaches(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	if status := run([]string{"--help"}, &stdout, &stderr); status != 0 || stderr.Len() > 0 {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
	for _, want := range []string{"//:demo -- --stay", "--output", "--enable-aggregator-routing", "Exit status"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the help does not say %q:\n%s", want, &stdout)
		}
	}
	if status := run([]string{"--say"}, &stdout, &stderr); status != 2 || !strings.Contains(stderr.String(), "--say") {
		t.Errorf("status %d, stderr %q, want 2 and the flag", status, &stderr)
	}
}
