package node

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// writeArchive writes images as `docker save` did before Docker 25. The file repositories comes first: kind reads the
// tags of the first of repositories and manifest.json, and of the latter only those of one image.
func writeArchive(w io.Writer, images map[string]v1.Image) error {
	references := map[name.Reference]v1.Image{}
	repositories := map[string]map[string]string{}
	for _, full := range slices.Sorted(maps.Keys(images)) {
		tag, err := name.NewTag(full)
		if err != nil {
			return err
		}
		references[tag] = images[full]
		digest, err := images[full].ConfigName()
		if err != nil {
			return err
		}
		// As it is written: kind compares it with what it asks for.
		repository := full[:len(full)-len(":"+tag.TagStr())]
		if repositories[repository] == nil {
			repositories[repository] = map[string]string{}
		}
		repositories[repository][tag.TagStr()] = digest.Hex
	}
	index, err := json.Marshal(repositories)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	if err := addBytes(archive, "repositories", index); err != nil {
		return err
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(tarball.MultiRefWrite(references, writer)) }()
	err = copyEntries(archive, tar.NewReader(reader))
	return errors.Join(err, reader.Close(), archive.Close())
}

func copyEntries(to *tar.Writer, from *tar.Reader) error {
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := to.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(to, from); err != nil {
			return err
		}
	}
}

func addBytes(archive *tar.Writer, path string, content []byte) error {
	return addReader(archive, path, 0o644, int64(len(content)), bytes.NewReader(content))
}

func addFile(archive *tar.Writer, path, source string, mode int64) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return addReader(archive, path, mode, info.Size(), file)
}

func addReader(archive *tar.Writer, path string, mode, size int64, content io.Reader) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: mode, Size: size, ModTime: time.Unix(0, 0)}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(archive, content)
	return err
}

// writeRelease writes what kind takes a version of Kubernetes from: a file like kubernetes-server-linux-amd64.tar.gz of
// Kubernetes' releases. Archives of images are put into dir on the way.
func writeRelease(file, dir string, k kubernetes, programs Programs) error {
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("writing a release of Kubernetes: %w", err)
	}
	// Images are compressed already, and the file is read once.
	compressor, err := gzip.NewWriterLevel(out, gzip.NoCompression)
	if err != nil {
		return errors.Join(err, out.Close())
	}
	archive := tar.NewWriter(compressor)
	err = func() error {
		if err := addBytes(archive, "kubernetes/version", []byte(k.version)); err != nil {
			return err
		}
		const bin = "kubernetes/server/bin/"
		for name, source := range map[string]string{"kubeadm": programs.Kubeadm, "kubelet": programs.Kubelet, "kubectl": programs.Kubectl} {
			if err := addFile(archive, bin+name, source, 0o755); err != nil {
				return err
			}
		}
		for _, name := range slices.Sorted(maps.Keys(k.images)) {
			path := filepath.Join(dir, name+".tar")
			images, err := os.Create(path)
			if err != nil {
				return err
			}
			if err := errors.Join(writeArchive(images, k.images[name]), images.Close()); err != nil {
				return fmt.Errorf("writing the images of %s: %w", name, err)
			}
			if err := addFile(archive, bin+name+".tar", path, 0o644); err != nil {
				return err
			}
		}
		return nil
	}()
	err = errors.Join(err, archive.Close(), compressor.Close(), out.Close())
	if err != nil {
		return fmt.Errorf("writing a release of Kubernetes: %w", err)
	}
	return nil
}
