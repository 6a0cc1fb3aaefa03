package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/apis/example"
	examplev1 "k8s.io/apiserver/pkg/apis/example/v1"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/etcd3/testserver"

	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/sql"
	"example.com/annex/tools/annex/transfer"
)

// commandVariable makes this test program the command itself.
const commandVariable = "ANNEX_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// annex is the command as a program.
func annex(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], args...)
	command.Env = append(os.Environ(), commandVariable+"=1")
	return command
}

// run runs the command, which must end well, and returns what it printed.
func run(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	command := annex(t, args...)
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		t.Fatalf("annex %s: %v\n%s", strings.Join(args, " "), err, &errs)
	}
	return out.String()
}

// refused runs the command, which must fail, and returns why.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	output, err := annex(t, args...).CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("annex %s: got %v, want exit code 1\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

func newStore(t *testing.T, database *sql.Database) *sql.Store {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{example.AddToScheme, examplev1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	store, err := sql.New(database, sql.Config{
		Codec:          serializer.NewCodecFactory(scheme).LegacyCodec(examplev1.SchemeGroupVersion),
		New:            func() runtime.Object { return &example.Pod{} },
		Prefix:         "/annex",
		ResourcePrefix: "/example.com/pods",
		Resource:       schema.GroupResource{Group: "example.com", Resource: "pods"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func key(name string) string { return "/example.com/pods/default/" + name }

func create(t *testing.T, store *sql.Store, name string) *example.Pod {
	t.Helper()
	created := &example.Pod{}
	pod := &example.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: "a-uid"}}
	if err := store.Create(t.Context(), key(name), pod, created, 0); err != nil {
		t.Fatal(err)
	}
	return created
}

// TestKilledCopy ends a copy with SIGKILL in the middle, and goes on with it.
func TestKilledCopy(t *testing.T) {
	t.Parallel()
	const count = 20000
	servers := strings.Join(testserver.RunEtcd(t, nil).Endpoints(), ",")
	source, err := transfer.Open(t.Context(), "etcd:"+servers, sql.WriteAlone, transfer.TLS{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	var objects []transfer.Object
	for i := range count {
		objects = append(objects, transfer.Object{Key: fmt.Sprintf("/annex/example.com/pods/default/pod-%06d", i), Value: bytes.Repeat([]byte("x"), 1000)})
	}
	if err := source.Write(t.Context(), objects, nil); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "objects.db")
	args := []string{"storage", "copy", "--from=etcd:" + servers, "--to=sqlite:" + file}
	command := annex(t, args...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	copied := func() (n int) {
		place, err := transfer.Open(t.Context(), "sqlite:"+file, sql.ReadShared, transfer.TLS{})
		if err != nil {
			return 0 // There are no tables yet.
		}
		defer place.Close()
		if _, err := place.Scan(t.Context(), "/annex", func(transfer.Object) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for deadline := time.Now().Add(time.Minute); copied() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is copied")
		}
	}
	if err := command.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err == nil {
		t.Fatal("it was faster: nothing was interrupted")
	}
	n := copied()
	if n == 0 || n == count {
		t.Fatalf("%d of %d objects are copied: it was not in the middle", n, count)
	}
	if why := refused(t, args...); !strings.Contains(why, "go on with --resume") {
		t.Errorf("without --resume: %s", why)
	}
	var report transfer.Report
	if err := json.Unmarshal([]byte(run(t, append(args, "--resume", "--output=json")...)), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Resources) != 1 || report.Resources[0].Name != "pods.example.com" || report.Resources[0].Objects != count || report.Written != count-n {
		t.Errorf("%d objects were copied before, and the report is %+v", n, report)
	}
	if n := copied(); n != count {
		t.Errorf("%d of %d objects are copied", n, count)
	}
}

// TestBackupAndRestore backs up what a server writes meanwhile, and restores it over what came after.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "objects.db")
		testBackupAndRestore(t, sql.Options{SQLite: file}, "sqlite:"+file)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dsn := postgrestest.New(t).Database(t)
		file := filepath.Join(t.TempDir(), "dsn")
		if err := os.WriteFile(file, []byte(dsn), 0o600); err != nil {
			t.Fatal(err)
		}
		testBackupAndRestore(t, sql.Options{PostgreSQL: dsn}, "postgres:"+file)
	})
}

func testBackupAndRestore(t *testing.T, options sql.Options, location string) {
	ctx := t.Context()
	database, err := sql.Open(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	store := newStore(t, database)
	kept := create(t, store, "kept")

	// Pairs are created one after the other: whatever moment the backup is of, there is at most one half pair.
	written, stop, stopped := 0, make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			for _, half := range []string{"a", "b"} {
				pod := &example.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("pair-%d-%s", written, half)}}
				if err := store.Create(ctx, key(pod.Name), pod, nil, 0); err != nil {
					stopped <- err
					return
				}
			}
			written++
		}
	}()
	backup := filepath.Join(t.TempDir(), "backup.db")
	said := run(t, "storage", "backup", "--from="+location, "--file="+backup)
	close(stop)
	if err := <-stopped; err != nil || written == 0 {
		t.Fatalf("writing meanwhile: %d pairs, %v", written, err)
	}
	if !strings.Contains(said, "pods.example.com") || !strings.Contains(said, "SHA256") {
		t.Errorf("it printed %s", said)
	}
	if left, err := filepath.Glob(backup + "?*"); err != nil || len(left) > 0 {
		t.Errorf("besides the backup there is %q, %v", left, err)
	}
	if why := refused(t, "storage", "backup", "--from="+location, "--file="+backup); !strings.Contains(why, "want one that does not exist") {
		t.Errorf("over a file: %s", why)
	}
	last := create(t, store, "later")
	if why := refused(t, "storage", "restore", "--file="+backup, "--to="+location); !strings.Contains(why, "using it") {
		t.Errorf("while a server uses it: %s", why)
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	narrow := filepath.Join(t.TempDir(), "narrow.db")
	run(t, "storage", "backup", "--from="+location, "--file="+narrow, "--group=example.com")
	if why := refused(t, "storage", "restore", "--file="+narrow, "--to="+location); !strings.Contains(why, "is a backup of what is under /annex/example.com/") {
		t.Errorf("restoring more than was backed up: %s", why)
	}
	if why := refused(t, "storage", "backup", "--from="+location, "--file="+narrow+"2", "--group=typo.example.com"); !strings.Contains(why, "has no objects under /annex/typo.example.com/") {
		t.Errorf("backing up nothing: %s", why)
	}
	run(t, "storage", "restore", "--file="+backup, "--to="+location)

	if database, err = sql.Open(ctx, options); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := database.Close(); err != nil {
			t.Error(err)
		}
	}()
	store = newStore(t, database)
	if err := store.Get(ctx, key("later"), storage.GetOptions{}, &example.Pod{}); !storage.IsNotFound(err) {
		t.Errorf("what came after the backup: got %v, want it gone", err)
	}
	got := &example.Pod{}
	if err := store.Get(ctx, key("kept"), storage.GetOptions{}, got); err != nil {
		t.Fatal(err)
	}
	if revision(t, store, got) <= revision(t, store, last) {
		t.Errorf("the resourceVersion is %s, and was %s: it goes backwards", got.ResourceVersion, last.ResourceVersion)
	}
	got.ResourceVersion = kept.ResourceVersion
	if got.UID != kept.UID || got.Name != kept.Name {
		t.Errorf("got %+v, want %+v", got, kept)
	}
	list := &example.PodList{}
	if err := store.GetList(ctx, "/example.com/pods", storage.ListOptions{Recursive: true, Predicate: storage.Everything}, list); err != nil {
		t.Fatal(err)
	}
	halves := map[string]int{}
	for _, pod := range list.Items {
		name, _ := strings.CutSuffix(strings.TrimSuffix(pod.Name, "-a"), "-b")
		halves[name]++
	}
	single := 0
	for name, n := range halves {
		if n == 1 && name != "kept" {
			single++
		}
	}
	if single > 1 {
		t.Errorf("the backup is of no one moment: it has one half of %d pairs", single)
	}
	w, err := store.Watch(ctx, "/example.com/pods", storage.ListOptions{Recursive: true, Predicate: storage.Everything, ResourceVersion: last.ResourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	select {
	case event := <-w.ResultChan():
		if event.Type != watch.Error || !apierrors.IsResourceExpired(apierrors.FromObject(event.Object)) {
			t.Errorf("a watch of before gets %+v, want 410", event)
		}
	case <-time.After(30 * time.Second):
		t.Error("a watch of before goes on")
	}
}

func revision(t *testing.T, store *sql.Store, pod *example.Pod) uint64 {
	t.Helper()
	revision, err := store.Versioner().ObjectResourceVersion(pod)
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func TestStorageFlags(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`required flag(s) "from", "to" not set`:        {"copy"},
		"--output=yaml: want table or json":            {"copy", "--from=sqlite:x", "--to=sqlite:y", "-o=yaml"},
		"--prefix=annex: want one that begins":         {"copy", "--from=sqlite:x", "--to=sqlite:y", "--prefix=annex"},
		"etcd can't be restored from a file":           {"restore", "--file=x", "--to=etcd:http://127.0.0.1:1"},
		"resourceVersions must not go backwards":       {"restore", "--file=x", "--to=sqlite:y", "--bump=0"},
		`"x": want sqlite:FILE, postgres:FILE`:         {"backup", "--from=x", "--file=" + filepath.Join(t.TempDir(), "y")},
		"missing.db: no such file or directory":        {"restore", "--file=missing.db", "--to=sqlite:y"},
		"has a password, which others can read":        {"copy", "--from=postgres://a:b@127.0.0.1/x", "--to=sqlite:y"},
		"none of sqlite, postgres, etcd":               {"copy", "--from=mysql:x", "--to=sqlite:y"},
		`unknown command "x" for "annex storage`:       {"backup", "x"},
		"reading a PostgreSQL connection string: open": {"copy", "--from=postgres:missing", "--to=sqlite:y"},
	} {
		if why := refused(t, append([]string{"storage"}, args...)...); !strings.Contains(why, want) {
			t.Errorf("%q: %q does not stand in %s", args, want, why)
		}
	}
}
