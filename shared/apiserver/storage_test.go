package apiserver_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/annex/shared/apiserver"
)

// TestStorageBackend: what is said of a backend, and what follows from other flags. Not parallel: it sets the environment.
func TestStorageBackend(t *testing.T) {
	const (
		etcd   = "--etcd-servers=http://127.0.0.1:1"
		dsn    = "--storage-dsn=postgres://annex@127.0.0.1:1/annex"
		secret = "s3cret"
	)
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	file := write("dsn", "postgres://annex:"+secret+"@127.0.0.1:1/annex\n")
	empty := write("empty", " \n")
	for name, tc := range map[string]struct {
		args        []string
		environment string
		want        []string // each must stand in the errors; none: there are none
	}{
		"nothing":                          {want: []string{"--data-dir is not set", "--storage-dsn-file", "--etcd-servers"}},
		"a directory":                      {args: []string{"--data-dir=" + dir}},
		"a directory, and etcd":            {args: []string{"--data-dir=" + dir, etcd}},
		"etcd":                             {args: []string{etcd}},
		"upstream's name":                  {args: []string{etcd, "--storage-backend=etcd3"}},
		"etcd without servers":             {args: []string{"--storage-backend=etcd"}, want: []string{"--etcd-servers must be specified"}},
		"sqlite beats etcd":                {args: []string{"--storage-backend=sqlite", etcd, "--etcd-cafile=/missing"}, want: []string{"--data-dir is not set"}},
		"a connection string":              {args: []string{dsn}},
		"a file with one":                  {args: []string{"--storage-dsn-file=" + file}},
		"the environment":                  {environment: "host=/x"},
		"the environment is not asked":     {args: []string{etcd}, environment: "host=/x"},
		"postgres without a database":      {args: []string{"--storage-backend=postgres"}, want: []string{"--storage-dsn-file, --storage-dsn or $ANNEX_STORAGE_DSN"}},
		"two strings":                      {args: []string{dsn, "--storage-dsn-file=" + file}, want: []string{"leave one out"}},
		"postgres and etcd":                {args: []string{dsn, etcd}, want: []string{"say which with --storage-backend"}},
		"postgres, not etcd":               {args: []string{dsn, etcd, "--storage-backend=postgres"}},
		"a missing file":                   {args: []string{"--storage-dsn-file=" + dir + "/none"}, want: []string{"--storage-dsn-file=" + dir + "/none: want a file that can be read: no such file"}},
		"an empty file":                    {args: []string{"--storage-dsn-file=" + empty}, want: []string{"the file is empty"}},
		"a password in a URL":              {args: []string{"--storage-dsn=postgres://annex:" + secret + "@127.0.0.1/annex"}, want: []string{"--storage-dsn has a password"}},
		"a password in a query":            {args: []string{"--storage-dsn=postgres://127.0.0.1/annex?password=" + secret}, want: []string{"--storage-dsn has a password"}},
		"a password among pairs":           {args: []string{"--storage-dsn=host=127.0.0.1 Password = " + secret}, want: []string{"--storage-dsn has a password"}},
		"a password in a URL that is none": {args: []string{"--storage-dsn=postgres://annex:" + secret + "/@127.0.0.1/%zz"}, want: []string{"--storage-dsn has a password"}},
		"a key's password":                 {args: []string{"--storage-dsn=host=127.0.0.1 sslpassword=" + secret}, want: []string{"--storage-dsn has a password"}},
		"a string for sqlite":              {args: []string{"--storage-backend=sqlite", "--data-dir=" + dir, dsn}, want: []string{"--storage-dsn is set, and --storage-backend is sqlite"}},
		"a file with one for etcd":         {args: []string{"--storage-backend=etcd3", etcd, "--storage-dsn-file=" + file}, want: []string{"and --storage-backend is etcd: leave one out"}},
		"the environment is not refused":   {args: []string{"--storage-backend=sqlite", "--data-dir=" + dir}, environment: "host=/x"},
		"a directory for postgres":         {args: []string{"--storage-backend=postgres", dsn, "--data-dir=" + dir}, want: []string{"--data-dir is set, and --storage-backend is postgres"}},
		"a directory for etcd":             {args: []string{"--storage-backend=etcd", etcd, "--data-dir=" + dir}, want: []string{"--data-dir is set, and --storage-backend is etcd"}},
		"no such backend":                  {args: []string{"--storage-backend=mysql"}, want: []string{"--storage-backend=mysql: want one of sqlite, postgres, etcd"}},
		"overrides of etcd":                {args: []string{"--data-dir=" + dir, "--etcd-servers-overrides=a/b#http://x"}, want: []string{"--etcd-servers-overrides is set"}},
		"sizes":                            {args: []string{"--data-dir=" + dir, "--watch-cache-sizes=flunders"}, want: []string{"--watch-cache-sizes: invalid value"}},
		"encryption":                       {args: []string{"--data-dir=" + dir, "--encryption-provider-config=/missing"}, want: []string{"--encryption-provider-config=/missing: want a file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(apiserver.StorageDSNVariable, tc.environment)
			options, err := apiserver.NewOptions(wardleDefinition())
			if err != nil {
				t.Fatal(err)
			}
			args := append([]string{"--kubeconfig=testdata/nobody.kubeconfig"}, tc.args...)
			if err := options.Parse(args); err != nil {
				t.Fatal(err)
			}
			err = errors.Join(options.Complete(), options.Validate())
			if (err != nil) != (len(tc.want) > 0) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			for _, want := range tc.want {
				if !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("%q does not stand in: %v", want, err)
				}
			}
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("the password stands in: %v", err)
			}
		})
	}
}

// TestDatabaseThatCantBeOpened ends a server with one line, whatever else is not there, such as a kube-apiserver.
func TestDatabaseThatCantBeOpened(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	file := filepath.Join(t.TempDir(), "file")
	dsn := filepath.Join(t.TempDir(), "dsn")
	for name, content := range map[string]string{file: "", dsn: "postgres://annex:" + secret + "@127.0.0.1:1/annex?sslmode=disable"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	broken := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(broken, []byte("postgres://annex:"+secret+"/x@127.0.0.1:1/annex"), 0o600); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"--data-dir=" + file:           "wardle: starting wardle: making the directory of the database (--data-dir): mkdir " + file + ": not a directory",
		"--storage-dsn-file=" + dsn:    "connection refused (the connection string is that of --storage-dsn-file=" + dsn + ")",
		"--storage-dsn-file=" + broken: "reading the PostgreSQL connection string: invalid port; percent-encode",
	} {
		code, _, stderr := run(t, "--kubeconfig=testdata/nobody.kubeconfig", flag)
		if code != 1 || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d and %q, want 1 and a line with %q", flag, code, stderr, want)
		}
		if strings.Contains(stderr, secret) {
			t.Errorf("%s: the password stands in %q", flag, stderr)
		}
	}
}
