package postgrestest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Memory is how many bytes the server's processes have in memory; what several of them share is counted once (Pss of
// proc(5)). It is of Linux.
func (s *Server) Memory() (total int64, err error) {
	// The server leads a process group (Setpgid); those that it starts lead sessions of their own, below it.
	parent := s.process.Process.Pid
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, process := range processes {
		stat, err := os.ReadFile(filepath.Join(process, "stat"))
		if gone(err) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("reading the processes of PostgreSQL: %w", err)
		}
		// PID (NAME) STATE PPID
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 2 || (string(fields[1]) != strconv.Itoa(parent) && filepath.Base(process) != strconv.Itoa(parent)) {
			continue
		}
		size, err := proportional(filepath.Join(process, "smaps_rollup"))
		if gone(err) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("reading the memory of PostgreSQL: %w", err)
		}
		total += size
	}
	return total, nil
}

// gone says that a process ended meanwhile.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

// proportional reads a process's share of memory.
func proportional(path string) (int64, error) {
	rollup, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(rollup) {
		if rest, found := bytes.CutPrefix(line, []byte("Pss:")); found {
			kilobytes, err := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no Pss", path)
}
