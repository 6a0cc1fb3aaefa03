package main

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"example.com/annex/tools/image/layout"
	"example.com/annex/tools/image/registrytest"
)

// programVariable makes this test program the pusher.
const programVariable = "PUSHER_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// pusher runs the program, or one that runs it, for a registry whose CA it trusts, and of which it finds a password where
// docker login puts it.
func pusher(t *testing.T, s *registrytest.Server, password, program string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	credentials := base64.StdEncoding.EncodeToString([]byte(registrytest.User + ":" + password))
	config := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, address(s), credentials)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, args...)
	command.Env = append(os.Environ(), programVariable+"=1", "SSL_CERT_FILE="+ca, "DOCKER_CONFIG="+dir, "HOME="+dir)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err = command.Run()
	return out.String(), errs.String(), err
}

func address(s *registrytest.Server) string { return strings.TrimPrefix(s.URL, "https://") }

func newLayout(t *testing.T) (dir, digest string) {
	t.Helper()
	image, err := random.Image(1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "layout")
	if err := layout.Write(dir, image); err != nil {
		t.Fatal(err)
	}
	hash, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return dir, hash.String()
}

func TestPush(t *testing.T) {
	t.Parallel()
	s := registrytest.Start(t)
	dir, digest := newLayout(t)
	stdout, stderr, err := pusher(t, s, registrytest.Password, self(t), "--image=capacity="+dir, "--prefix="+address(s)+"/ns", "--tag=v1", "--tag=v2")
	if err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if want := address(s) + "/ns/capacity@" + digest + "\n"; stdout != want {
		t.Errorf("it printed %q, want %q", stdout, want)
	}
	if tags := s.Tags(t, "ns/capacity"); len(tags) != 2 || tags["v1"] != digest || tags["v2"] != digest {
		t.Errorf("the tags are %v, want v1 and v2 of %s", tags, digest)
	}
}

func TestComplains(t *testing.T) {
	t.Parallel()
	s := registrytest.Start(t)
	dir, _ := newLayout(t)
	image, repository := "--image=capacity="+dir, "--repository="+address(s)+"/ns/capacity"
	for name, tc := range map[string]struct {
		password string
		args     []string
		want     string
	}{
		"a wrong password": {"wrong", []string{image, repository}, "docker login " + address(s)},
		"no image":         {registrytest.Password, []string{repository}, "no image: this program is run by image_push targets"},
		"half an image":    {registrytest.Password, []string{"--image=capacity", repository}, "--image=capacity: must be NAME=LAYOUT"},
		"no layout":        {registrytest.Password, []string{"--image=capacity=" + t.TempDir(), repository}, "reading the OCI layout"},
		"nobody there":     {registrytest.Password, []string{image, "--repository=127.0.0.1:1/ns/capacity"}, "can this machine reach 127.0.0.1:1"},
		"no repository":    {registrytest.Password, []string{image}, "where to?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, err := pusher(t, s, tc.password, self(t), tc.args...)
			if err == nil || stdout != "" || !strings.Contains(stderr, "push: ") || !strings.Contains(stderr, tc.want) {
				t.Errorf("it ends with %v, and prints %q and %q; want an error with %q", err, stdout, stderr, tc.want)
			}
		})
	}
	if puts := s.Answered("PUT"); len(puts) > 0 {
		t.Errorf("it put %q", puts)
	}
}
