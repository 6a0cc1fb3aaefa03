package storage_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/shared/condition"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
)

// TestSQLite is a server that is told a directory, and nothing else about storage.
func TestSQLite(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	plane := controlplanetest.Start(t, controlplane.Options{})
	data := filepath.Join(t.TempDir(), "made", "by the server")
	server := install(t, plane, "--data-dir="+data)
	objects := reservations(t, plane.RESTConfig())

	created, err := objects.Create(ctx, reservation("kept"), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(data, "capacity.db")
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the database is not where it should be: %v", err)
	}
	status, body := ask(t, plane, server, "/readyz?verbose")
	expectIn(t, fmt.Sprintf("/readyz, %d", status), body, "[+]database ok")
	if strings.Contains(body, "etcd") {
		t.Errorf("/readyz speaks of etcd:\n%s", body)
	}
	if status, body = ask(t, plane, server, "/livez?verbose"); status != 200 || strings.Contains(body, "database") {
		t.Errorf("/livez depends on the database: %d, %s", status, body)
	}

	t.Run("another process is refused", func(t *testing.T) {
		kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
		if err := controlplane.WriteKubeconfig(kubeconfig, plane.RESTConfig()); err != nil {
			t.Fatal(err)
		}
		host, err := os.Hostname()
		if err != nil {
			t.Fatal(err)
		}
		status, output := start(t, nil, "--data-dir="+data, "--kubeconfig="+kubeconfig)
		if status != 1 || strings.Count(output, "\n") != 1 {
			t.Errorf("it ended with %d, and said:\n%s", status, output)
		}
		expectIn(t, "the other", output, file, fmt.Sprintf("process %d on host %s is using it", server.Server().Pid(), host))
	})

	t.Run("killed and back", func(t *testing.T) {
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := server.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		condition.Eventually(t.Context(), t, timeout, "what was kept", func(ctx context.Context) error {
			kept, err := objects.Get(ctx, "kept", metav1.GetOptions{})
			if err == nil && (kept.UID != created.UID || kept.ResourceVersion != created.ResourceVersion) {
				t.Fatalf("got %+v, want %+v", kept.ObjectMeta, created.ObjectMeta)
			}
			return err
		})
	})
}
