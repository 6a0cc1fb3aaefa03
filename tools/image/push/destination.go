package push

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Destination is a repository, and the image that is to go there.
type Destination struct {
	Image      Image
	Repository name.Repository
}

// Destinations says where images go. With prefixes, image NAME goes to PREFIX/NAME of each; a repository is for one image.
// Both name the registry: registry.example.com/ns/capacity. With plainHTTP registries are spoken to without TLS.
func Destinations(images []Image, repositories, prefixes []string, plainHTTP bool) ([]Destination, error) {
	if len(repositories)+len(prefixes) == 0 {
		return nil, fmt.Errorf("where to? Say --repository=REGISTRY/PATH, or --prefix=REGISTRY/PATH for PATH/%s", images[0].Name)
	}
	if len(repositories) > 0 && len(images) > 1 {
		return nil, fmt.Errorf("--repository=%s is for one image, and these are %d: say --prefix=REGISTRY/PATH, and each goes to PATH/NAME", repositories[0], len(images))
	}
	var destinations []Destination
	for _, image := range images {
		names := append([]string{}, repositories...)
		for _, prefix := range prefixes {
			names = append(names, strings.TrimSuffix(prefix, "/")+"/"+image.Name)
		}
		for _, text := range names {
			repository, err := parseRepository(text, plainHTTP)
			if err != nil {
				return nil, err
			}
			destinations = append(destinations, Destination{Image: image, Repository: repository})
		}
	}
	return destinations, nil
}

func parseRepository(text string, plainHTTP bool) (name.Repository, error) {
	var options []name.Option
	if plainHTTP {
		options = append(options, name.Insecure)
	}
	repository, err := name.NewRepository(text, options...)
	if err != nil {
		return repository, fmt.Errorf("the repository %s: %w; it is REGISTRY/PATH, and tags are said with --tag", text, err)
	}
	// Other programs take a missing registry for Docker Hub; publishing there must not be an accident.
	first, _, _ := strings.Cut(text, "/")
	if repository.RegistryStr() == name.DefaultRegistry && first != name.DefaultRegistry && first != "docker.io" {
		return repository, fmt.Errorf("the repository %s names no registry: if Docker Hub is meant, say docker.io/%s", text, repository.RepositoryStr())
	}
	return repository, nil
}

// digest is the image's reference that never changes.
func (d Destination) digest() name.Digest {
	return d.Repository.Digest(d.Image.Root.Descriptor.Digest.String())
}

// tag is one that can change.
func (d Destination) tag(tag string) (name.Tag, error) {
	parsed, err := name.NewTag(d.Repository.Name()+":"+tag, name.StrictValidation)
	if err != nil {
		return parsed, fmt.Errorf("the tag %q: %w", tag, err)
	}
	return d.Repository.Tag(tag), nil
}
