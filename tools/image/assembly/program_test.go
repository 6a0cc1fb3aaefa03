package assembly

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program writes the headers of a program, which is all that is looked at.
func program(t *testing.T, machine elf.Machine, segments ...elf.ProgType) string {
	t.Helper()
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: uint16(len(segments)), Shentsize: 64,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	var b bytes.Buffer
	parts := []any{header}
	for _, segment := range segments {
		parts = append(parts, elf.Prog64{Type: uint32(segment)})
	}
	for _, part := range parts {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckProgram(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ path, architecture, want string }{
		"static":               {program(t, elf.EM_X86_64, elf.PT_LOAD), "amd64", ""},
		"for arm64":            {program(t, elf.EM_AARCH64, elf.PT_LOAD), "arm64", ""},
		"another architecture": {program(t, elf.EM_AARCH64, elf.PT_LOAD), "amd64", "is a program for EM_AARCH64, and the image is for amd64"},
		"dynamic":              {program(t, elf.EM_X86_64, elf.PT_LOAD, elf.PT_INTERP), "amd64", "needs a dynamic linker"},
		"a script":             {script, "amd64", "is no program for Linux"},
		"an unknown one":       {script, "s390x", `not for "s390x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkProgram(tc.path, tc.architecture)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}
