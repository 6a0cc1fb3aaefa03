package sbom_test

import (
	"debug/elf"
	"debug/gosym"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bazelbuild/rules_go/go/runfiles"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"example.com/annex/tools/godeps/gosum"
	"example.com/annex/tools/image/sbom"
)

const root = "../../.."

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// programRunfile is where Bazel's runfiles have a program to read: the BUILD file says so.
const programRunfile = "SBOM_TEST_PROGRAM"

// built is a program, and what it says of itself: the one that Bazel has built, or one of this module, built with the
// go command.
func built(t *testing.T) (path string, program *sbom.Program) {
	t.Helper()
	var err error
	if runfile := os.Getenv(programRunfile); runfile != "" {
		path, err = runfiles.Rlocation(runfile)
	} else {
		path = filepath.Join(t.TempDir(), "program")
		var output []byte
		output, err = exec.CommandContext(t.Context(), "go", "build", "-o", path, "../assemble").CombinedOutput()
		t.Logf("go build: %s", output)
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err = sbom.ReadProgram(path, gosum.Parse(read(t, "go.sum")))
	if err != nil {
		t.Fatal(err)
	}
	return path, program
}

// TestReadProgram: the modules have the versions of go.mod.
func TestReadProgram(t *testing.T) {
	t.Parallel()
	_, program := built(t)
	if want := strings.TrimPrefix(runtime.Version(), "go"); program.Go != want {
		t.Errorf("it is made with Go %s, want %s", program.Go, want)
	}
	mod, err := modfile.Parse("go.mod", read(t, "go.mod"), nil)
	if err != nil {
		t.Fatal(err)
	}
	required := map[string]string{}
	for _, require := range mod.Require {
		required[require.Mod.Path] = require.Mod.Version
	}
	found := map[string]bool{}
	for _, module := range program.Modules {
		found[module.Path] = true
		if module.Version.Version != required[module.Path] {
			t.Errorf("it has %s, and go.mod requires %q", module.Version, required[module.Path])
		}
		if !strings.HasPrefix(module.Sum, "h1:") {
			t.Errorf("%s has the hash %q", module.Version, module.Sum)
		}
	}
	for _, path := range []string{"github.com/spf13/cobra", "github.com/spf13/pflag"} {
		if !found[path] {
			t.Errorf("%s is linked in, and not listed", path)
		}
	}
	if found["golang.org/x/tools"] {
		t.Error("golang.org/x/tools is listed, and not linked in")
	}
}

// TestEveryFunction: each function in the program is of a module that is listed, of this one, or of Go itself. It is read
// from the table that the runtime prints stack traces with, which has nothing to do with the list.
func TestEveryFunction(t *testing.T) {
	t.Parallel()
	path, program := built(t)
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := file.Section(".gopclntab").Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(lines, file.Section(".text").Addr))
	if err != nil {
		t.Fatal(err)
	}
	modules := []string{"example.com/annex"}
	for _, module := range program.Modules {
		modules = append(modules, module.Path)
	}
	missing := map[string]bool{}
	foreign := 0
	for _, function := range table.Funcs {
		// Symbols have dots of the last element of a path escaped.
		symbol := strings.ReplaceAll(function.Name, "%2e", ".")
		first, rest, _ := strings.Cut(symbol, "/")
		if rest == "" || !strings.Contains(first, ".") || strings.ContainsAny(first, "*([{ :;") {
			continue // Go's own packages have no dot in front; and what the compiler makes is in no package.
		}
		foreign++
		if !slices.ContainsFunc(modules, func(module string) bool {
			return strings.HasPrefix(symbol, module+"/") || strings.HasPrefix(symbol, module+".")
		}) {
			missing[symbol] = true
		}
	}
	if foreign < 100 {
		t.Errorf("only %d functions of modules were found", foreign)
	}
	for symbol := range missing {
		t.Errorf("%s is linked in, and no module of it is listed", symbol)
	}
}

func TestReadProgramComplains(t *testing.T) {
	t.Parallel()
	path, _ := built(t)
	if _, err := sbom.ReadProgram(path, nil); err == nil || !strings.Contains(err.Error(), "of which go.sum has no hash") {
		t.Errorf("without go.sum: %v", err)
	}
	if _, err := sbom.ReadProgram(filepath.Join(root, "go.sum"), nil); err == nil || !strings.Contains(err.Error(), "reading the build information of") {
		t.Errorf("what is no program: %v", err)
	}
}

func TestRequired(t *testing.T) {
	t.Parallel()
	mod := []byte("module m\nrequire example.com/a v1.2.3\nrequire example.com/b v1.0.0\n")
	sums := map[module.Version]string{{Path: "example.com/a", Version: "v1.2.3"}: "h1:a="}
	modules, err := sbom.Required("go.mod", mod, sums, []string{"example.com/a"})
	if err != nil || len(modules) != 1 || modules[0].Version.Version != "v1.2.3" || modules[0].Sum != "h1:a=" {
		t.Errorf("got %v, %v", modules, err)
	}
	for path, want := range map[string]string{
		"example.com/b": "go.sum has no hash of example.com/b@v1.0.0",
		"example.com/c": "go.mod does not require example.com/c",
	} {
		if _, err := sbom.Required("go.mod", mod, sums, []string{path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
