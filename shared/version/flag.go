package version

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// AddFlag adds --version to the flags of a program: it prints the program's name and version, and ends the program.
func AddFlag(flags *flag.FlagSet) {
	flags.BoolFunc("version", "print the version and exit", func(string) error {
		fmt.Println(filepath.Base(flags.Name()), Long())
		os.Exit(0)
		return nil
	})
}
