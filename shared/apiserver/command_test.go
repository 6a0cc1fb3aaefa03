package apiserver_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/version"
)

// runServer in the environment makes this test program the server itself.
const runServer = "ANNEX_TEST_RUN_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(runServer) != "" {
		os.Exit(apiserver.Run(wardleDefinition()))
	}
	os.Exit(m.Run())
}

// run runs the server as a program of its own, outside any cluster.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], args...)
	command.Env = append(os.Environ(), runServer+"=1", "KUBERNETES_SERVICE_HOST=")
	var out, errs strings.Builder
	command.Stdout, command.Stderr = &out, &errs
	if exit := (*exec.ExitError)(nil); !errors.As(command.Run(), &exit) {
		return 0, out.String(), errs.String()
	}
	return command.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestRun(t *testing.T) {
	t.Parallel()
	const kubeconfig = "--kubeconfig=testdata/nobody.kubeconfig"
	for name, tc := range map[string]struct {
		args    []string
		code    int
		out     []string // each must stand in what is written
		isError bool     // to stderr, not stdout
	}{
		"version": {args: []string{"--version"}, out: []string{"wardle " + version.Long()}},
		"help":    {args: []string{"-h"}, out: []string{"Upstream's sample.", "--etcd-count-metric-poll-period", "wardle.example.com (v1beta1, v1alpha1): flunders"}},
		"every mistake at once": {
			args: []string{"--secure-port=x", "--feature-gates=Nope=true", "--logging-format=xml"},
			code: 2, isError: true,
			out: []string{
				"wardle: 5 problems:\n", `--secure-port="x"`, "setting --feature-gates: unrecognized feature gate: Nope",
				"--data-dir is not set", "--kubeconfig is not set", "--logging-format and its kind", "\nrun with --help for all flags\n",
			},
		},
		"one mistake": {
			args: []string{kubeconfig, "--etcd-servers=http://127.0.0.1:1", "--feature-gates"},
			code: 2, isError: true, out: []string{"wardle: --feature-gates: wants a value"},
		},
		"a server that can't start": {
			args: []string{kubeconfig, "--etcd-servers=http://127.0.0.1:1", "--bind-address=192.0.2.1"},
			code: 1, isError: true, out: []string{"wardle: starting wardle: secure serving options (--bind-address, --secure-port): failed to create listener: failed to listen on 192.0.2.1:8443"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, stderr := run(t, tc.args...)
			if tc.isError {
				out = stderr
			}
			if code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			for _, want := range tc.out {
				if !strings.Contains(out, want) {
					t.Errorf("%q does not stand in:\n%s", want, out)
				}
			}
		})
	}
}

// TestRunEndsWhileStarting: what the server waits for when it starts may be away for long, and a signal must end it.
func TestRunEndsWhileStarting(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	// Free, and likely to stay so for the moment until the server has it.
	own, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(own.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	own.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	config := clientcmdapi.NewConfig()
	config.Clusters["silent"] = &clientcmdapi.Cluster{Server: "https://" + silent.Addr().String()}
	config.Contexts["silent"] = &clientcmdapi.Context{Cluster: "silent"}
	config.CurrentContext = "silent"
	if err := clientcmd.WriteToFile(*config, kubeconfig); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "--etcd-servers=http://127.0.0.1:1", "--bind-address=127.0.0.1", "--secure-port="+port,
		"--authentication-kubeconfig="+kubeconfig, "--authorization-kubeconfig="+kubeconfig, "--kubeconfig="+kubeconfig)
	command.Env = append(os.Environ(), runServer+"=1")
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	connection, err := silent.Accept() // It has started, and asks for what it will not get.
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("ended with %v:\n%s", err, &output)
	}
}

// TestCommandSetsTheVersionsOfPolicies reads what the webhook and policy plugins compile CEL with. Not parallel: the
// command sets what holds for the whole process.
func TestCommandSetsTheVersionsOfPolicies(t *testing.T) {
	command, err := apiserver.NewCommand(wardleDefinition())
	if err != nil {
		t.Fatal(err)
	}
	want := environment.DefaultCompatibilityVersion().SubtractMinor(1)
	command.SetArgs([]string{"--min-compatibility-version=" + want.String()})
	if err := command.Execute(); err == nil {
		t.Fatal("without --data-dir: want an error")
	}
	if got := environment.DefaultCompatibilityVersion(); !got.EqualTo(want) {
		t.Errorf("--min-compatibility-version=%s: policies are compiled for %s, as without the flag", want, got)
	}
	// The command's flags have been made: options of a server that is embedded must be possible after that, too.
	if _, err := apiserver.NewOptions(wardleDefinition()); err != nil {
		t.Error(err)
	}
}
