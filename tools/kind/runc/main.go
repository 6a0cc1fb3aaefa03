// Runc runs the real runc with less than Docker asks for. The machine's sysctls become read-only, which a privileged
// container could set, and capabilities that nobody on this machine can have are taken out, or it could not start. It
// takes the real one's arguments, and must be named differently.
package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"example.com/annex/tools/kind/host"
)

// debianRunc is where Debian's package has the real one.
const debianRunc = "/usr/sbin/runc"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "runc of an engine for kind:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	conditions, err := host.Detect()
	if err != nil {
		return err
	}
	if file := specification(args); file != "" {
		if err := rewrite(file, conditions); err != nil {
			return fmt.Errorf("taking something out of %s: %w", file, err)
		}
	}
	return fmt.Errorf("running %s: %w", debianRunc, unix.Exec(debianRunc, append([]string{debianRunc}, args...), os.Environ()))
}
