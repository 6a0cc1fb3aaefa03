package storage_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"example.com/annex/shared/condition"
	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/port"
)

const (
	user   = "annex"
	secret = "t0p-s3cret" // of the user
)

// over makes a PostgreSQL server reachable by TCP, as most are, and returns the address.
func over(t *testing.T, server *postgrestest.Server) (host, port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go join(client, server.Socket())
		}
	}()
	host, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// join passes on what a client says to a socket, and the other way round, until one of them is done.
func join(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			buffer := make([]byte, 32<<10)
			for {
				n, err := pair[1].Read(buffer)
				if n > 0 {
					if _, err := pair[0].Write(buffer[:n]); err != nil {
						break
					}
				}
				if err != nil {
					break
				}
			}
			done <- struct{}{}
		}()
	}
	<-done
}

func writeDSN(t *testing.T, dsn string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(file, []byte(dsn+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// nobodys is a port that refuses connections as long as the test runs: it is held, and nobody listens.
func nobodys(t *testing.T) string {
	t.Helper()
	held, err := port.Reserve("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Release() })
	return held.String()
}

// TestWrongDSN: whatever is wrong with a connection string, the server ends at once with one line about it, in which the
// password is not.
func TestWrongDSN(t *testing.T) {
	t.Parallel()
	server := postgrestest.New(t)
	server.PasswordUser(t, user, secret)
	host, port := over(t, server)
	nobody := nobodys(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(kubeconfig, &rest.Config{Host: "https://127.0.0.1:" + nobody}); err != nil {
		t.Fatal(err)
	}
	wrong := secret + "-not"
	for name, tc := range map[string]struct{ dsn, want string }{
		"host":       {"postgres://annex:" + secret + "@nowhere.invalid:" + port + "/annex?sslmode=disable", "nowhere.invalid"},
		"port":       {"postgres://annex:" + secret + "@" + host + ":" + nobody + "/annex?sslmode=disable", "connection refused"},
		"silence":    {"postgres://annex:" + secret + "@" + silent.Addr().String() + "/annex?sslmode=disable", silent.Addr().String()},
		"user":       {"postgres://nobody:" + secret + "@" + host + ":" + port + "/annex?sslmode=disable", `role "nobody" does not exist`},
		"password":   {"postgres://annex:" + wrong + "@" + host + ":" + port + "/annex?sslmode=disable", `password authentication failed for user "annex"`},
		"database":   {"postgres://annex:" + secret + "@" + host + ":" + port + "/other?sslmode=disable", `database "other" does not exist`},
		"TLS":        {"postgres://annex:" + secret + "@" + host + ":" + port + "/annex?sslmode=require", "server refused TLS connection"},
		"a CA file":  {"postgres://annex:" + secret + "@" + host + ":" + port + "/annex?sslmode=verify-full&sslrootcert=/missing.crt", "/missing.crt"},
		"TLS mode":   {"postgres://annex:" + secret + "@" + host + ":" + port + "/annex?sslmode=always", "sslmode is invalid"},
		"no URL":     {"postgres://annex:" + secret + "/x@" + host + "/annex", "percent-encode"},
		"no string":  {"password = '" + secret, "percent-encode"},
		"other text": {secret, "failed to parse"},
	} {
		for origin, flags := range map[string][]string{"file": {"--storage-dsn-file=" + writeDSN(t, tc.dsn)}, "environment": nil} {
			t.Run(name+" in "+origin, func(t *testing.T) {
				t.Parallel()
				var environment []string
				if flags == nil {
					environment = []string{"ANNEX_STORAGE_DSN=" + tc.dsn}
				}
				started := time.Now()
				status, output := start(t, environment, append(flags, "--kubeconfig="+kubeconfig)...)
				if took := time.Since(started); took > 15*time.Second {
					t.Errorf("it took %s", took)
				}
				if status != 1 || strings.Count(output, "\n") != 1 {
					t.Errorf("it ended with %d, and said:\n%s", status, output)
				}
				expectIn(t, "the server", output, tc.want)
				for _, password := range []string{secret, wrong} {
					if strings.Contains(output, password) {
						t.Errorf("the password stands in:\n%s", output)
					}
				}
			})
		}
	}
}

// TestPostgres takes the database away from under a server, and brings it back.
func TestPostgres(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	database := postgrestest.New(t)
	database.PasswordUser(t, user, secret)
	host, port := over(t, database)
	plane := controlplanetest.Start(t, controlplane.Options{})
	server := install(t, plane, "--storage-dsn-file="+writeDSN(t, fmt.Sprintf("postgres://%s:%s@%s:%s/%s?sslmode=disable", user, secret, host, port, user)),
		"--feature-gates=ComponentFlagz=true", "-v=6")
	objects := reservations(t, plane.RESTConfig())
	created, err := objects.Create(ctx, reservation("before"), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen, err := objects.Watch(ctx, metav1.ListOptions{ResourceVersion: created.ResourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	defer seen.Stop()

	database.Kill()
	requests := map[string]func() error{
		"create": func() error {
			_, err := objects.Create(ctx, reservation("meanwhile"), metav1.CreateOptions{})
			return err
		},
		"get": func() error {
			_, err := objects.Get(ctx, "before", metav1.GetOptions{})
			return err
		},
		"list": func() error {
			_, err := objects.List(ctx, metav1.ListOptions{})
			return err
		},
		"update": func() error {
			changed := created.DeepCopy()
			changed.Labels = map[string]string{"meanwhile": "yes"}
			_, err := objects.Update(ctx, changed, metav1.UpdateOptions{})
			return err
		},
		"delete": func() error {
			return objects.Delete(ctx, "before", metav1.DeleteOptions{})
		},
	}
	t.Run("requests while it is away", func(t *testing.T) {
		for name, request := range requests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				err := request()
				var status apierrors.APIStatus
				if !errors.As(err, &status) || status.Status().Code != 503 {
					t.Fatalf("got %v, want 503", err)
				}
				expectIn(t, "the answer", err.Error(), "the database of reservations.capacity.example.com is not available")
				if strings.Contains(err.Error(), user+" ") || strings.Contains(err.Error(), port) {
					t.Errorf("the answer tells everybody about the database: %v", err)
				}
			})
		}
	})
	status, body := ask(t, plane, server, "/readyz/database")
	if status != 500 {
		t.Errorf("/readyz/database is %d", status)
	}
	expectIn(t, "/readyz/database", body, "the postgres database can't be read", "database="+user)
	if status, body := ask(t, plane, server, "/readyz?verbose"); status != 500 || !strings.Contains(body, "[-]database failed") {
		t.Errorf("/readyz is %d:\n%s", status, body)
	}
	if status, body := ask(t, plane, server, "/livez"); status != 200 {
		t.Errorf("/livez is %d: %s: to start again would not help", status, body)
	}

	database.Start(t)
	condition.Eventually(t.Context(), t, timeout, "an object to be created", func(ctx context.Context) error {
		_, err := objects.Create(ctx, reservation("after"), metav1.CreateOptions{})
		return err
	})
	if err := server.Server().Err(); err != nil {
		t.Errorf("it did not recover by itself: %v", err)
	}
	condition.Eventually(t.Context(), t, timeout, "the server to be ready", func(context.Context) error {
		if status, body := ask(t, plane, server, "/readyz"); status != 200 {
			return fmt.Errorf("/readyz is %d: %s", status, body)
		}
		return nil
	})
	t.Run("the watch goes on", func(t *testing.T) {
		for {
			select {
			case event, open := <-seen.ResultChan():
				if !open || event.Type == watch.Error {
					t.Fatalf("it has ended: %+v", event.Object)
				}
				if got, err := objectName(event); err != nil || got == "after" {
					return
				}
			case <-time.After(time.Minute):
				t.Fatal("it says nothing of what was made after")
			}
		}
	})
	t.Run("the password is nowhere", func(t *testing.T) {
		texts := map[string]string{}
		for _, path := range []string{"/flagz", "/metrics", "/statusz", "/readyz?verbose", "/readyz/database"} {
			status, body := ask(t, plane, server, path)
			if path == "/flagz" || path == "/metrics" {
				if status != 200 {
					t.Errorf("%s is %d", path, status)
				}
			}
			texts[path] = body
		}
		expectIn(t, "/flagz", texts["/flagz"], "storage-dsn-file")
		expectIn(t, "/metrics", texts["/metrics"], "annex_sql_storage_request_errors_total")
		for _, file := range []string{
			filepath.Join(plane.LogDir(), "capacity.log"),
			fmt.Sprintf("/proc/%d/cmdline", server.Server().Pid()),
		} {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts[file] = string(content)
		}
		for where, text := range texts {
			if text == "" {
				t.Errorf("%s is empty", where)
			}
			if strings.Contains(text, secret) {
				t.Errorf("the password stands in %s", where)
			}
		}
	})
}

func objectName(event watch.Event) (string, error) {
	object, ok := event.Object.(metav1.Object)
	if !ok {
		return "", fmt.Errorf("no object: %T", event.Object)
	}
	return object.GetName(), nil
}
