package doctor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/step"
	capacity "example.com/annex/servers/capacity/definition"
	"example.com/annex/tools/annex/doctor"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
)

// loneSymptoms are seen without anything being wrong with the way to the server: in what is asked of it, or how it is started.
func loneSymptoms(t *testing.T) []symptom {
	return []symptom{
		{`no kind "KIND" is registered for version "GROUP/VERSION"`, func(ctx context.Context, w *world, _ *server) (string, error) {
			body := `{"apiVersion":"capacity.example.com/v1","kind":"Resevation","metadata":{"name":"typo"}}`
			answer, err := w.kubernetes.Discovery().RESTClient().Post().AbsPath(reservations).SetHeader("Content-Type", "application/json").Body([]byte(body)).DoRaw(ctx)
			return string(answer), err
		}},
		{`--certificates=self: this is not a pod, so name the Service's namespace with --service-namespace`, started(t, "--certificates=self")},
		{`--certificates=self: getting a serving certificate: context deadline exceeded; the last thing known: secrets "SECRET" is forbidden`, started(t, "--certificates=self", "--service-namespace=missing")},
		{"insecureSkipTLSVerify was set: kube-apiserver would have passed requests on to anybody who answers", func(ctx context.Context, w *world, s *server) (string, error) {
			_, err := w.run(ctx, "patch", "apiservice", s.apiService(), "--type=merge", "-p", `{"spec":{"caBundle":null,"insecureSkipTLSVerify":true}}`)
			if err != nil {
				return "", err
			}
			return w.log("capacity")
		}},
	}
}

// started is what a server says that can't start.
func started(t *testing.T, args ...string) func(context.Context, *world, *server) (string, error) {
	return func(ctx context.Context, w *world, s *server) (string, error) {
		program, identity := extensiontest.Program(t, s.Name())
		args := append([]string{"--kubeconfig=" + filepath.Join(s.dir, "kubeconfig"), "--bind-address=127.0.0.1"}, args...)
		cmd := exec.CommandContext(ctx, program, append(args, w.plane.EtcdFlags()...)...)
		cmd.Env = append(os.Environ(), identity...)
		output, err := cmd.CombinedOutput()
		return string(output), err
	}
}

// TestCommand runs the program, with a kube-apiserver that dials names, and a server that makes its own certificates.
func TestCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, controlplane.Options{})
	w.named = true
	s := w.prepare(t, capacity.New(), func(o *extension.Options) { o.SelfCertificates = true })
	s.steps(t, extension.WaitPublished)
	w.awaitRight(t, s)
	for _, symptom := range loneSymptoms(t) {
		see(t, w, s, symptom)
	}
	w.awaitRight(t, s)

	program, err := framework.Program(t.Context(), "annex", "tools/annex", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	run := func(kubeconfig string, args ...string) (string, int) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, append([]string{"doctor", "--kubeconfig=" + kubeconfig}, args...)...)
		output, err := cmd.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return string(output) + string(exit.Stderr), exit.ExitCode()
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(output), 0
	}
	account := "--service-account=" + namespace + "/" + s.Name()

	output, status := run(w.plane.Kubeconfig(), account)
	t.Log(output)
	for _, name := range s.APIServices() {
		if !strings.Contains(output, name+": all is right") {
			t.Errorf("it does not say that %s is right", name)
		}
	}
	if status != 0 || strings.Contains(output, "\x1b") {
		t.Errorf("exit status %d, want 0, and no colours", status)
	}

	t.Run("plugin of kubectl", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Symlink(program, filepath.Join(dir, "kubectl-annex")); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), w.kubectl, "annex", "doctor", "v1.apps")
		cmd.Env = append(os.Environ(), "KUBECONFIG="+w.plane.Kubeconfig(), "PATH="+dir+":"+os.Getenv("PATH"))
		output, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(output), "v1.apps: local, served by kube-apiserver itself") {
			t.Errorf("%v: %s", err, output)
		}
	})
	t.Run("without a right", func(t *testing.T) {
		config, err := w.plane.ConfigFor("jane", "system:authenticated")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "kubeconfig")
		if err := controlplane.WriteKubeconfig(file, config); err != nil {
			t.Fatal(err)
		}
		output, status := run(file, s.apiService())
		if want := `you may not get apiservices.apiregistration.k8s.io "v1.capacity.example.com": add the rule`; status != 2 || !strings.Contains(output, want) {
			t.Errorf("exit status %d, want 2, and %q:\n%s", status, want, output)
		}
		if strings.Contains(output, "WRONG") {
			t.Errorf("something is said to be wrong:\n%s", output)
		}
	})
	t.Run("no cluster", func(t *testing.T) {
		if output, status := run(filepath.Join(t.TempDir(), "missing")); status != 2 {
			t.Errorf("exit status %d, want 2:\n%s", status, output)
		}
	})
	t.Run("bad flags", func(t *testing.T) {
		for _, flag := range []string{"--output=xml", "--service-account=capacity"} {
			if output, status := run(w.plane.Kubeconfig(), flag); status != 2 || !strings.Contains(output, flag) {
				t.Errorf("%s: exit status %d, want 2:\n%s", flag, status, output)
			}
		}
	})

	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	step.Eventually(t.Context(), t, noticed, "the doctor to find that the server is down", func(ctx context.Context) error {
		if err := w.lookAgain(ctx, s); err != nil {
			return err
		}
		output, status = run(w.plane.Kubeconfig(), account, "-o", "json", s.apiService())
		var report doctor.Report
		if err := json.Unmarshal([]byte(output), &report); err != nil {
			return fmt.Errorf("%w: %s", err, output)
		}
		if status != 1 || len(report.Diagnoses) != 1 || report.Diagnoses[0].Wrong != doctor.LinkReach {
			return fmt.Errorf("exit status %d: %s", status, output)
		}
		return nil
	})
	output, _ = run(w.plane.Kubeconfig(), account, s.apiService())
	t.Log(output)
}
