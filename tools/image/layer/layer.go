package layer

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// New makes a layer of entries: a tar archive, compressed with gzip, which every registry and engine takes. Directories
// that entries lie in and that are not given get the mode 0755; so give those that a base image has with another mode.
// Times are 1970-01-01, owners root. The compressed bytes are kept in memory.
func New(entries []Entry) (v1.Layer, error) {
	completed, err := complete(entries)
	if err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return open(completed), nil },
		tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(gzip.DefaultCompression),
		tarball.WithCompressedCaching,
	)
}

// open is the archive as a stream. Closing it early ends the writer.
func open(entries []Entry) io.ReadCloser {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(write(writer, entries)) }()
	return reader
}

func write(w io.Writer, entries []Entry) error {
	archive := tar.NewWriter(w)
	for _, entry := range entries {
		if err := add(archive, entry); err != nil {
			return fmt.Errorf("adding %s to a layer: %w", entry.Path, err)
		}
	}
	return archive.Close()
}

func add(archive *tar.Writer, entry Entry) error {
	header := &tar.Header{
		Name:    strings.TrimPrefix(entry.Path, "/"),
		Mode:    int64(entry.Mode),
		ModTime: time.Unix(0, 0),
	}
	if entry.Link != "" {
		header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, entry.Link, 0o777
		return archive.WriteHeader(header)
	}
	if entry.Source == "" {
		header.Typeflag = tar.TypeDir
		header.Name += "/"
		return archive.WriteHeader(header)
	}
	source, err := os.Open(entry.Source)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", entry.Source)
	}
	header.Typeflag = tar.TypeReg
	header.Size = info.Size()
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, source)
	return err
}
