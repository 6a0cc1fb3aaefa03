package command

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// The exit statuses.
const (
	// StatusFailed says that something that is claimed is not so.
	StatusFailed = 1
	// StatusNoVerdict says that it could not be found out: the command line is wrong, the cluster can't be reached, or time was up.
	StatusNoVerdict = 2
)

// Error is the error of a command of this package.
type Error struct{ error }

// Unwrap is the error itself.
func (e Error) Unwrap() error { return e.error }

// errFailed is the error after a report that tells of failures.
var errFailed = errors.New("something failed")

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string { return fmt.Sprintf("interrupted (%s)", i.signal) }

// Status is the status to exit with after an error of the command, or after none. told is true where the report has told all.
func Status(err error) (status int, told bool) {
	var signalled interrupted
	switch {
	case err == nil:
		return 0, true
	case errors.Is(err, errFailed):
		return StatusFailed, true
	case errors.As(err, &signalled):
		if number, ok := signalled.signal.(syscall.Signal); ok {
			return 128 + int(number), true // As a shell says it of a program that the signal ended.
		}
	case errors.Is(err, errUnfinished):
		return StatusNoVerdict, true
	}
	return StatusNoVerdict, false
}

// errUnfinished is the error after a report that tells why a run did not end by itself.
var errUnfinished = errors.New("the run did not end by itself")
