package process

import (
	"fmt"
	"os"
	"strings"
)

// ExitError says that a process has ended.
type ExitError struct {
	// Name is the command's name.
	Name string
	// State is how it ended.
	State *os.ProcessState
	// LogFile is where its output is.
	LogFile string
	// LastLines are the last lines of its output, oldest first.
	LastLines []string
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("%s ended (%s)%s", e.Name, e.State, logHint(e.LastLines, e.LogFile))
}

func logHint(lines []string, logFile string) string {
	if len(lines) == 0 {
		return fmt.Sprintf("; its log %s is empty", logFile)
	}
	return fmt.Sprintf("; the last lines of its log %s:\n\t%s", logFile, strings.Join(lines, "\n\t"))
}
