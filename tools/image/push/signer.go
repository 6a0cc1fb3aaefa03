package push

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/google/go-containerregistry/pkg/name"
)

// Signer signs images with a program of the user's, which has cosign's command line: PROGRAM sign ARGUMENTS REFERENCE.
type Signer struct {
	Program   string
	Arguments []string
	// Output is where the program's output goes.
	Output io.Writer
}

// sign signs by digest, so that what is signed can't be replaced meanwhile. The program may ask questions.
func (s Signer) sign(ctx context.Context, reference name.Digest) error {
	arguments := append(append([]string{"sign"}, s.Arguments...), reference.String())
	command := exec.CommandContext(ctx, s.Program, arguments...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, s.Output, s.Output
	if err := command.Run(); err != nil {
		return fmt.Errorf("signing %s with %s: %w; the image is there, untagged: repeat the push once signing works", reference, s.Program, err)
	}
	return nil
}

// find complains early about a program that is not there.
func (s Signer) find() error {
	if _, err := exec.LookPath(s.Program); err != nil {
		return fmt.Errorf("looking for the program to sign with: %w; install cosign, or name it with --sign-with=PATH", err)
	}
	return nil
}
