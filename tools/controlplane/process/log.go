package process

import (
	"io"
	"os"
	"strings"
)

const (
	// tailLines is how much of a log an error quotes: enough for a Kubernetes
	// program's complaint, which it prints last, and little enough to read.
	tailLines = 8

	// tailBytes bounds how much of a log is read for that.
	tailBytes = 16 << 10
)

// lastLines are the last lines of a log that are not blank, oldest first, and
// none of those before the offset from. A log that can't be read has none.
func lastLines(name string, from int64) []string {
	file, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	start := max(from, info.Size()-tailBytes)
	data, err := io.ReadAll(io.NewSectionReader(file, start, info.Size()-start))
	if err != nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return lines
}
