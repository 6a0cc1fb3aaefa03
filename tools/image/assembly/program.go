package assembly

import (
	"debug/elf"
	"fmt"
)

var machines = map[string]elf.Machine{
	"amd64": elf.EM_X86_64,
	"arm64": elf.EM_AARCH64,
}

// checkProgram says why a program can't run in an image that has nothing else in it: because it is for another
// architecture, or needs a dynamic linker.
func checkProgram(path, architecture string) error {
	machine, known := machines[architecture]
	if !known {
		return fmt.Errorf("%s: images are made for amd64 and arm64, not for %q", path, architecture)
	}
	program, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is no program for Linux: %w", path, err)
	}
	defer program.Close()
	if program.Machine != machine {
		return fmt.Errorf("%s is a program for %s, and the image is for %s", path, program.Machine, architecture)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			return fmt.Errorf("%s needs a dynamic linker, and the image has none: build it with --@io_bazel_rules_go//go/config:pure", path)
		}
	}
	return nil
}
