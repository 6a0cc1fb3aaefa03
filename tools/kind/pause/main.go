// Pause is the first process of a Pod: it holds the Pod's namespaces while containers come and go, reaps processes
// that lost their parents where the Pod shares its PID namespace, and ends when it is told to.
package main

import (
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"example.com/annex/tools/kind/reap"
)

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM)
	orphans := make(chan os.Signal, 1)
	signal.Notify(orphans, unix.SIGCHLD)
	go func() {
		for {
			// It returns once there is none left: the next one comes with a signal.
			if err := reap.Children(func(int, unix.WaitStatus) bool { return true }); err != nil {
				fmt.Fprintln(os.Stderr, "pause: waiting for processes without a parent:", err)
			}
			<-orphans
		}
	}()
	<-signals
}
