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
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// dockerImage is an element of manifest.json: https://github.com/moby/docker-image-spec.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// writeArchive writes images as `docker save` did before Docker 25, sorted by name. The file repositories comes first:
// kind reads the tags of the first of repositories and manifest.json, and of the latter only those of one image.
func writeArchive(w io.Writer, images map[string]v1.Image) error {
	repositories := map[string]map[string]string{}
	var manifest []dockerImage
	names := slices.Sorted(maps.Keys(images))
	for _, name := range names {
		described, err := describe(name, images[name])
		if err != nil {
			return fmt.Errorf("reading image %s: %w", name, err)
		}
		manifest = append(manifest, described)
		colon := strings.LastIndex(name, ":")
		repository, tag := name[:colon], name[colon+1:]
		if repositories[repository] == nil {
			repositories[repository] = map[string]string{}
		}
		repositories[repository][tag] = strings.TrimSuffix(described.Config, ".json")
	}
	archive := tar.NewWriter(w)
	if err := addJSON(archive, "repositories", repositories); err != nil {
		return err
	}
	if err := addJSON(archive, "manifest.json", manifest); err != nil {
		return err
	}
	written := map[string]bool{}
	for i, name := range names {
		if err := addImage(archive, images[name], manifest[i], written); err != nil {
			return fmt.Errorf("writing image %s: %w", name, err)
		}
	}
	return archive.Close()
}

func describe(name string, image v1.Image) (dockerImage, error) {
	config, err := image.ConfigName()
	if err != nil {
		return dockerImage{}, err
	}
	described := dockerImage{Config: config.Hex + ".json", RepoTags: []string{name}}
	layers, err := image.Layers()
	if err != nil {
		return dockerImage{}, err
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return dockerImage{}, err
		}
		described.Layers = append(described.Layers, digest.Hex+".tar.gz")
	}
	return described, nil
}

// addImage adds the files of an image, less those that are there already.
func addImage(archive *tar.Writer, image v1.Image, described dockerImage, written map[string]bool) error {
	config, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	if !written[described.Config] {
		written[described.Config] = true
		if err := addBytes(archive, described.Config, config); err != nil {
			return err
		}
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for i, layer := range layers {
		if path := described.Layers[i]; !written[path] {
			written[path] = true
			if err := addLayer(archive, path, layer); err != nil {
				return err
			}
		}
	}
	return nil
}

func addLayer(archive *tar.Writer, path string, layer v1.Layer) error {
	size, err := layer.Size()
	if err != nil {
		return err
	}
	content, err := layer.Compressed()
	if err != nil {
		return err
	}
	return errors.Join(addReader(archive, path, 0o644, size, content), content.Close())
}

func addJSON(archive *tar.Writer, path string, content any) error {
	encoded, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return addBytes(archive, path, encoded)
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
		for _, program := range []struct{ name, source string }{
			{"kubeadm", programs.Kubeadm}, {"kubectl", programs.Kubectl}, {"kubelet", programs.Kubelet},
		} {
			if err := addFile(archive, bin+program.name, program.source, 0o755); err != nil {
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
