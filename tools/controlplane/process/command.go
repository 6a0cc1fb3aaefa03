package process

import (
	"context"
	"time"
)

// Command is a program to run.
type Command struct {
	// Name is what errors call it, and, with ".log", its log file's name:
	// "kube-apiserver".
	Name string

	// Path is the program's file.
	Path string

	// Args are its arguments, without the program's own name.
	Args []string

	// Env is added to this process's own environment.
	Env []string

	// Dir is its working directory. Empty means this process's own.
	Dir string

	// LogFile gets its standard output and error, appended, so that the log of
	// a program that is started again holds all its lives. The directory must
	// exist.
	LogFile string

	// Ready returns nil once the program does its work. WaitReady calls it
	// every ReadyInterval. Nil means ready once started.
	Ready func(context.Context) error

	// Grace is how long Stop waits after SIGTERM, before SIGKILL. Zero means
	// DefaultGrace.
	Grace time.Duration
}

const (
	// DefaultGrace is what a Pod gets by default
	// (terminationGracePeriodSeconds), cut to what a person waits for.
	DefaultGrace = 10 * time.Second

	// ReadyInterval is the time between two calls of Command.Ready.
	ReadyInterval = 50 * time.Millisecond
)
