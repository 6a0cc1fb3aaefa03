package node

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/kind/pkg/exec"
)

// Explain adds to an error of kind's what the command that failed has said.
func Explain(err error) error {
	if failed := exec.RunErrorForError(err); failed != nil && len(failed.Output) > 0 {
		return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(failed.Output))
	}
	return err
}
