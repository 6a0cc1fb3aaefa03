package kind

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"

	"github.com/google/go-containerregistry/pkg/name"

	"example.com/annex/shared/deployment"
	"example.com/annex/tools/image/archive"
	"example.com/annex/tools/image/assembly"
	"example.com/annex/tools/image/layer"
)

// LoadProgram makes an image of nothing but a static program, which runs as /NAME, and makes it known to every node by a
// reference: REPOSITORY:TAG.
func (p *Provider) LoadProgram(program, as, reference string) error {
	fail := func(err error) error { return fmt.Errorf("making image %s: %w", reference, err) }
	tag, err := name.NewTag(reference)
	if err != nil {
		return fail(err)
	}
	image, err := assembly.Image{
		Architecture: runtime.GOARCH,
		Program:      &layer.Entry{Path: "/" + as, Source: program, Mode: 0o755},
		Entrypoint:   []string{"/" + as},
		User:         strconv.Itoa(deployment.User),
	}.On(nil)
	if err != nil {
		return fail(err)
	}
	out, err := os.CreateTemp(p.dir.Path(), as+"-*.tar")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(out.Name()) // The nodes have it, or the directory goes with the cluster.
	if err := errors.Join(archive.Write(out, image, tag), out.Close()); err != nil {
		return fail(err)
	}
	return p.LoadImages(func() (io.ReadCloser, error) { return os.Open(out.Name()) })
}
