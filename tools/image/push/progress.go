package push

import (
	"fmt"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// reportEvery is how long the user waits for a sign of life.
const reportEvery = time.Second

// report writes how far a push has come, a line every second, until updates is closed. done is closed after that.
func report(w io.Writer, what string, updates <-chan v1.Update) (done <-chan struct{}) {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		ticker := time.NewTicker(reportEvery)
		defer ticker.Stop()
		var last, reported v1.Update
		for {
			select {
			case update, open := <-updates:
				if !open {
					return
				}
				last = update
			case <-ticker.C:
				if last != reported {
					fmt.Fprintf(w, "%s: %s of %s\n", what, megabytes(last.Complete), megabytes(last.Total))
					reported = last
				}
			}
		}
	}()
	return finished
}

// megabytes is a size as registries show it: 1 MB is a million bytes.
func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
