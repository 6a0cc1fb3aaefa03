package definition_test

import (
	"strings"
	"testing"

	"example.com/annex/servers/inventory/definition"
	"example.com/annex/shared/apiserver"
)

// TestStorage: the rows are in PostgreSQL, and nowhere else.
func TestStorage(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{
		"--etcd-servers=http://127.0.0.1:2379":  "serves rows of a PostgreSQL table",
		"--storage-backend=sqlite":              "serves rows of a PostgreSQL table",
		"--storage-backend=postgres":            "say which database with --storage-dsn-file",
		"--storage-dsn=host=/nowhere user=cmdb": "",
	} {
		options, err := apiserver.NewOptions(definition.New())
		if err != nil {
			t.Fatal(err)
		}
		if err := options.Parse([]string{"--kubeconfig=/dev/null", flag}); err != nil {
			t.Fatal(err)
		}
		err = options.Validate()
		if want == "" && err != nil && strings.Contains(err.Error(), "storage") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", flag, err, want)
		}
	}
}
