package command

import (
	"fmt"
	"path"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"example.com/annex/tools/deploy/manifests"
)

// images reads what a push has printed: a line REPOSITORY@DIGEST for each image. The last part of the repository is the server's
// name. Of an image that went to several places, the first counts.
func images(printed string) (map[string]manifests.Image, error) {
	found := map[string]manifests.Image{}
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		digest, err := name.NewDigest(line)
		if err != nil {
			return nil, fmt.Errorf("%q: want REPOSITORY@DIGEST: %w", line, err)
		}
		server := path.Base(digest.RepositoryStr())
		if _, known := found[server]; !known {
			found[server] = manifests.Image{Name: digest.Context().Name(), Digest: digest.DigestStr()}
		}
	}
	return found, nil
}
