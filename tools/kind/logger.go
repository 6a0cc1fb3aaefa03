package kind

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"sigs.k8s.io/kind/pkg/log"
)

// Logger is kind's interface to w, a line for each message: warnings, errors, and messages of verbosity 0.
func Logger(w io.Writer) log.Logger { return &logger{w: w} }

type logger struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *logger) write(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Whoever reads it can't be told that writing has failed.
	_, _ = fmt.Fprintln(l.w, "kind: "+strings.TrimSpace(message))
}

func (l *logger) Warn(message string)               { l.write(message) }
func (l *logger) Warnf(format string, args ...any)  { l.write(fmt.Sprintf(format, args...)) }
func (l *logger) Error(message string)              { l.write(message) }
func (l *logger) Errorf(format string, args ...any) { l.write(fmt.Sprintf(format, args...)) }

func (l *logger) V(level log.Level) log.InfoLogger {
	if level > 0 {
		return log.NoopInfoLogger{}
	}
	return info{l}
}

type info struct{ l *logger }

func (i info) Info(message string)              { i.l.write(message) }
func (i info) Infof(format string, args ...any) { i.l.write(fmt.Sprintf(format, args...)) }
func (i info) Enabled() bool                    { return true }
