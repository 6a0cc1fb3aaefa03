package layer_test

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"example.com/annex/tools/image/layer"
)

// file writes a file, last changed at a time that depends on its directory.
func file(t *testing.T, name, text string, changed time.Time) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
	return path
}

func entries(t *testing.T, changed time.Time) []layer.Entry {
	t.Helper()
	return []layer.Entry{
		{Path: "/usr/bin/program", Source: file(t, "program", "\x7fELF", changed), Mode: 0o755},
		{Path: "/etc/passwd", Source: file(t, "passwd", "root", changed), Mode: 0o644},
		{Path: "/tmp", Mode: 0o1777},
	}
}

func newLayer(t *testing.T, entries []layer.Entry) v1.Layer {
	t.Helper()
	made, err := layer.New(entries)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestReproducible: neither the order of the files nor their times, names and modes on this machine change the layer.
func TestReproducible(t *testing.T) {
	t.Parallel()
	digest := func(entries []layer.Entry) v1.Hash {
		digest, err := newLayer(t, entries).Digest()
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	first := digest(entries(t, time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)))
	other := entries(t, time.Now())
	slices.Reverse(other)
	if err := os.Chmod(other[1].Source, 0o777); err != nil {
		t.Fatal(err)
	}
	if second := digest(other); second != first {
		t.Errorf("the same files give %s and %s", first, second)
	}

	changed := entries(t, time.Now())
	changed[0].Mode = 0o555
	if second := digest(changed); second == first {
		t.Errorf("another mode gives the same digest, %s", first)
	}
}

func TestContents(t *testing.T) {
	t.Parallel()
	reader, err := newLayer(t, entries(t, time.Now())).Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var got []string
	archive := tar.NewReader(reader)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(layer.Mode(header.Mode).String()+" "+header.Name+" "+string(text)))
		if !header.ModTime.Equal(time.Unix(0, 0)) || header.Uid != 0 || header.Gid != 0 || header.Uname != "" || header.Gname != "" {
			t.Errorf("%s: last changed %s by %d:%d (%s:%s), want 1970 and root", header.Name, header.ModTime, header.Uid, header.Gid, header.Uname, header.Gname)
		}
	}
	want := []string{
		"0755 etc/",
		"0644 etc/passwd root",
		"01777 tmp/",
		"0755 usr/",
		"0755 usr/bin/",
		"0755 usr/bin/program \x7fELF",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the layer holds (-want +got):\n%s", diff)
	}
}

func TestComplains(t *testing.T) {
	t.Parallel()
	existing := file(t, "a", "", time.Now())
	for name, tc := range map[string]struct {
		entries []layer.Entry
		want    string
	}{
		"relative":     {[]layer.Entry{{Path: "etc"}}, `"etc": a path in an image must be absolute and clean`},
		"not clean":    {[]layer.Entry{{Path: "/etc/../tmp"}}, "absolute and clean"},
		"the root":     {[]layer.Entry{{Path: "/"}}, "absolute and clean"},
		"twice":        {[]layer.Entry{{Path: "/etc"}, {Path: "/etc"}}, "/etc is given twice"},
		"in a file":    {[]layer.Entry{{Path: "/a/b", Source: existing}, {Path: "/a", Source: existing}}, "/a/b lies in /a, which is a file"},
		"no such file": {[]layer.Entry{{Path: "/a", Source: existing + "x"}}, "adding /a to a layer: open "},
		"no file":      {[]layer.Entry{{Path: "/a", Source: t.TempDir()}}, "is not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := layer.New(tc.entries); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}
