package gopath

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Library is Go source files that can be written out any number of times, also by several goroutines at once.
type Library struct {
	files  map[string]func() (io.ReadCloser, error) // by path below src
	closer io.Closer
}

// OpenArchive opens a zip file as rules_go's go_path makes it: all files are below src.
func OpenArchive(name string) (*Library, error) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return nil, fmt.Errorf("opening the archive of Go sources %s: %w", name, err)
	}
	l := &Library{files: map[string]func() (io.ReadCloser, error){}, closer: archive}
	for _, f := range archive.File {
		if file, ok := strings.CutPrefix(f.Name, "src/"); ok && !strings.HasSuffix(file, "/") {
			l.files[file] = f.Open
		}
	}
	if len(l.files) == 0 {
		return nil, errors.Join(fmt.Errorf("the archive %s has no files below src", name), archive.Close())
	}
	return l, nil
}

// List makes a library of the packages that match a pattern, and of all that they import outside the standard library: as the
// go command sees them from a directory. The sources are read from where they are whenever the library is extracted.
func List(ctx context.Context, goCommand, dir, pattern string) (*Library, error) {
	const format = `{{if not .Standard}}{{$p := .}}{{range .GoFiles}}{{$p.ImportPath}}	{{$p.Dir}}	{{.}}
{{end}}{{end}}`
	list := exec.CommandContext(ctx, goCommand, "list", "-deps", "-f", format, pattern)
	list.Dir = dir
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the dependencies of %s: %w\n%s", pattern, err, stderr.Bytes())
	}
	l := &Library{files: map[string]func() (io.ReadCloser, error){}}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 3 {
			continue // the empty lines between packages
		}
		file := filepath.Join(fields[1], fields[2])
		l.files[path.Join(fields[0], fields[2])] = func() (io.ReadCloser, error) { return os.Open(file) }
	}
	return l, lines.Err()
}

// Extract writes the files below gopath/src, writable, except those that skip names by their path below src. Nil skips none.
func (l *Library) Extract(gopath string, skip func(file string) bool) error {
	for file, open := range l.files {
		if skip != nil && skip(file) {
			continue
		}
		if err := extract(filepath.Join(gopath, "src", filepath.FromSlash(file)), open); err != nil {
			return fmt.Errorf("extracting Go sources to %s: %w", gopath, err)
		}
	}
	return nil
}

// Close closes the archive, if there is one.
func (l *Library) Close() error {
	if l.closer == nil {
		return nil
	}
	return l.closer.Close()
}

func extract(name string, open func() (io.ReadCloser, error)) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	in, err := open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
