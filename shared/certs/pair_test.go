package certs

import (
	"bytes"
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteFiles(t *testing.T) {
	t.Parallel()
	ca := newTestAuthority(t, Options{})
	pair, err := ca.IssueServer([]string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificateFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	// Twice: the second time replaces the files.
	for range 2 {
		if err := pair.WriteFiles(certificateFile, keyFile); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tls.LoadX509KeyPair(certificateFile, keyFile); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, want -rw-------", info.Mode())
	}
	written, err := os.ReadFile(certificateFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, pair.CertificatePEM) {
		t.Error("the file holds another certificate")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 {
		t.Errorf("%d files are left, want 2: %v", len(entries), entries)
	}
}

func TestWriteFilesSaysWhere(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	pair := &Pair{}
	err := pair.WriteFiles(filepath.Join(missing, "tls.crt"), filepath.Join(missing, "tls.key"))
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte(missing)) {
		t.Errorf("got %v, want an error that names %s", err, missing)
	}
}
