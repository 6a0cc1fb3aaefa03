package push_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"example.com/annex/tools/image/push"
	"example.com/annex/tools/image/registrytest"
)

// signerVariable makes this test program stand in for cosign: it appends its arguments to the file of that name, and fails
// if the file's name says so.
const signerVariable = "PUSH_TEST_SIGNER"

func signer(args []string) int {
	path := os.Getenv(signerVariable)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		defer file.Close()
		_, err = fmt.Fprintln(file, strings.Join(args, " "))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if strings.HasSuffix(path, "failing") {
		return 3
	}
	return 0
}

// signWith makes an image be signed by this test program; the file says with which arguments.
func signWith(t *testing.T, options *push.Options, record string) {
	t.Helper()
	if err := os.WriteFile(record, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(signerVariable, record)
	options.Signer = &push.Signer{Program: self, Arguments: []string{"--key=cosign.key"}, Output: os.Stderr}
}

// Not parallel, as the next: they change the environment.
func TestSign(t *testing.T) {
	s, image := registrytest.Start(t), single(t)
	options := pushOptions(t, s, image, "ns/capacity", "mirror/capacity")
	record := t.TempDir() + "/record"
	signWith(t, &options, record)
	run(t, options)
	got, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, path := range []string{"ns", "mirror"} {
		want += fmt.Sprintf("sign --key=cosign.key %s/%s/capacity@%s\n", s.Host, path, digest(image))
	}
	if string(got) != want {
		t.Errorf("it was asked to\n%s, want\n%s", got, want)
	}
}

// TestSignFails: what could not be signed is not tagged.
func TestSignFails(t *testing.T) {
	s, image := registrytest.Start(t), single(t)
	options := pushOptions(t, s, image, "ns/capacity")
	signWith(t, &options, t.TempDir()+"/failing")
	err := push.Run(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), "signing "+s.Host+"/ns/capacity@"+digest(image)) || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v, want an error about signing", err)
	}
	if tags := s.Tags(t, "ns/capacity"); tags["v1"] != "" {
		t.Errorf("it is tagged: %v", tags)
	}
}
