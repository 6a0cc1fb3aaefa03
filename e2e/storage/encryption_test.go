package storage_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/shared/condition"
	"example.com/annex/shared/storage/sql"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
)

// writeEncryption has Reservations encrypted with the first of keys, and read with all.
func writeEncryption(t *testing.T, file string, keys ...string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [reservations.capacity.example.com]\n  providers:\n  - aescbc:\n      keys:\n")
	for _, key := range keys {
		secret := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(key[:1], 32)))
		fmt.Fprintf(&b, "      - {name: %s, secret: %s}\n", key, secret)
	}
	// At once: a file that is half written is no configuration.
	if err := os.WriteFile(file+".new", []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// TestEncryption: what a database has is encrypted, with the keys that the file has by now.
func TestEncryption(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	config := filepath.Join(dir, "encryption.yaml")
	writeEncryption(t, config, "first")
	plane := controlplanetest.Start(t, controlplane.Options{})
	server := install(t, plane, "--data-dir="+dir, "--encryption-provider-config="+config, "--encryption-provider-config-automatic-reload")
	objects := reservations(t, plane.RESTConfig())
	stored := func(name string) string {
		t.Helper()
		contents, err := sql.OpenContents(t.Context(), sql.Options{SQLite: filepath.Join(dir, "capacity.db")}, sql.ReadShared)
		if err != nil {
			t.Fatal(err)
		}
		defer contents.Close()
		var value string
		if _, err := contents.Scan(t.Context(), "/annex/capacity.example.com/reservations", func(c sql.Content) error {
			if strings.HasSuffix(c.Key, "/"+name) {
				value = string(c.Value)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return value
	}
	if _, err := objects.Create(ctx, reservation("before"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := stored("before"); !strings.HasPrefix(got, "k8s:enc:aescbc:v1:first:") || strings.Contains(got, "ams-1") {
		t.Errorf("stored is %q", got)
	}
	status, body := ask(t, plane, server, "/readyz?verbose")
	expectIn(t, fmt.Sprintf("/readyz, %d", status), body, "[+]kms-providers ok")

	writeEncryption(t, config, "second", "first")
	count := 0
	// Upstream looks at the file once a minute.
	condition.Eventually(t.Context(), t, timeout, "the new key to be used", func(ctx context.Context) error {
		count++
		name := fmt.Sprintf("after-%d", count)
		if _, err := objects.Create(ctx, reservation(name), metav1.CreateOptions{}); err != nil {
			return err
		}
		if got := stored(name); !strings.HasPrefix(got, "k8s:enc:aescbc:v1:second:") {
			return fmt.Errorf("stored is %.30q", got)
		}
		return nil
	})
	if _, err := objects.Get(ctx, "before", metav1.GetOptions{}); err != nil {
		t.Errorf("reading what was encrypted with the first key: %v", err)
	}
}
