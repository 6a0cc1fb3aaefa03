package storage_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	v1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/capacity/definition"
	"example.com/annex/servers/client/clientset/versioned"
	typed "example.com/annex/servers/client/clientset/versioned/typed/capacity/v1"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
	"example.com/annex/tools/deploy/manifests"
)

// timeout is how long anything may take to come to pass.
const timeout = 2 * time.Minute

// Without the control plane's programs, and PostgreSQL's, the tests fail.
func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, manifests.Servers()...)) }

// install adds the server of Reservations to a control plane, with flags that say where it keeps them.
func install(t *testing.T, plane *controlplane.ControlPlane, flags ...string) *extension.Extension {
	t.Helper()
	server := extensiontest.New(t, extension.Options{
		Plane: plane, Installation: deployment.Installation{Definition: definition.New()}, Storage: flags,
		// There are no sites: it is the only server.
		Args: []string{"--disable-admission-plugins=SiteCheck"},
	})
	if err := server.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	return server
}

// start runs the server by itself, to its end, and returns what it said. It is an error if it does not end soon.
func start(t *testing.T, environment []string, flags ...string) (status int, output string) {
	t.Helper()
	program, identity := extensiontest.Program(t, definition.New().Name)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, program, flags...)
	command.Env = slices.Concat(os.Environ(), identity, environment)
	said, err := command.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("the server with %q does not end; it said:\n%s", flags, said)
	}
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(said)
}

// reservations are those of namespace default, asked for through kube-apiserver, without the client trying again by itself.
func reservations(t *testing.T, config *rest.Config) typed.ReservationInterface {
	t.Helper()
	clients, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return clients.CapacityV1().Reservations(metav1.NamespaceDefault)
}

func reservation(name string) *v1.Reservation {
	return &v1.Reservation{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.ReservationSpec{SiteName: "ams-1", Slots: 1}}
}

// ask asks the server itself, as an administrator, and returns what it says, whatever the status.
func ask(t *testing.T, plane *controlplane.ControlPlane, server *extension.Extension, path string) (status int, body string) {
	t.Helper()
	admin, err := plane.ConfigFor("admin", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	config := server.Direct()
	config.CertData, config.KeyData = admin.CertData, admin.KeyData
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, config.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatalf("asking for %s: %v", path, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("asking for %s: %v", path, err)
	}
	return response.StatusCode, string(content)
}

// expectIn checks what stands in a text.
func expectIn(t *testing.T, what, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s: %q does not stand in:\n%s", what, w, text)
		}
	}
}
