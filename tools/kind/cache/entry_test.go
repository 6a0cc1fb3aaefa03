package cache_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/annex/tools/kind/cache"
)

func open(t *testing.T, parent, key string, fill func(dir string) error) *cache.Entry {
	t.Helper()
	entry, err := cache.Open(parent, "thing", key, fill)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = entry.Close() }) // Some tests have closed it.
	return entry
}

func write(text string) func(string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, "file"), []byte(text), 0o600) }
}

func TestOpen(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	var made atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			entry, err := cache.Open(parent, "thing", "1", func(dir string) error {
				made.Add(1)
				return write("content")(dir)
			})
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := os.ReadFile(filepath.Join(entry.Path(), "file")); err != nil || string(got) != "content" {
				t.Errorf("got %q, %v, want the content", got, err)
			}
			if err := entry.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 {
		t.Errorf("the entry was made %d times, want once", made.Load())
	}
}

// TestFailure: what was not made whole is not there.
func TestFailure(t *testing.T) {
	t.Parallel()
	parent, failure := t.TempDir(), errors.New("no")
	_, err := cache.Open(parent, "thing", "1", func(dir string) error { return errors.Join(write("half")(dir), failure) })
	if !errors.Is(err, failure) {
		t.Errorf("got %v, want the reason", err)
	}
	entry := open(t, parent, "1", write("whole"))
	if got, err := os.ReadFile(filepath.Join(entry.Path(), "file")); err != nil || string(got) != "whole" {
		t.Errorf("got %q, %v, want what was made the second time", got, err)
	}
}

// TestOthers: an entry with an old key is removed, unless it is in use.
func TestOthers(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	unused, used := open(t, parent, "1", write("1")), open(t, parent, "2", write("2"))
	if err := unused.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, parent, "3", write("3"))
	if _, err := os.Stat(unused.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unused entry is still there: %v", err)
	}
	if _, err := os.Stat(used.Path()); err != nil {
		t.Errorf("the entry in use is gone: %v", err)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	key := func(content string, words ...string) string {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var key cache.Key
		key.Add(words...)
		if err := key.AddFile(file); err != nil {
			t.Fatal(err)
		}
		return key.String()
	}
	same, again := key("a", "b", "c"), key("a", "b", "c")
	if same != again {
		t.Errorf("the same things have the keys %s and %s", same, again)
	}
	for what, other := range map[string]string{
		"another file": key("b", "b", "c"), "another order": key("a", "c", "b"), "words run together": key("a", "bc"),
	} {
		if other == same {
			t.Errorf("%s: the key is the same", what)
		}
	}
	var missing cache.Key
	if err := missing.AddFile(file + ".missing"); err == nil {
		t.Error("a missing file is hashed")
	}
}
