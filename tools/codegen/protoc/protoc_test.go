package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gogo/protobuf/gogoproto"
	gogo "github.com/gogo/protobuf/proto"
	"github.com/gogo/protobuf/protoc-gen-gogo/descriptor"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
)

// sources writes .proto files below a directory.
func sources(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestCompile: imports come before what imports them, and a plug-in sees the options that go-to-protobuf writes.
func TestCompile(t *testing.T) {
	t.Parallel()
	dir := sources(t, map[string]string{
		"example.com/b/generated.proto": "syntax = \"proto2\";\npackage example.com.b;\nmessage B {}\n",
		"example.com/a/generated.proto": "syntax = \"proto2\";\npackage example.com.a;\n" +
			"import \"example.com/b/generated.proto\";\nimport \"" + gogoprotoFile + "\";\n" +
			"message A {\n  optional .example.com.b.B b = 3 [(gogoproto.nullable) = false];\n}\n",
	})
	file := filepath.Join(dir, "example.com/a/generated.proto")
	request, err := compile(t.Context(), []string{".", dir}, []string{file})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"example.com/a/generated.proto"}, request.FileToGenerate); diff != "" {
		t.Errorf("files to generate code for (-want +got):\n%s", diff)
	}
	var names []string
	for _, f := range request.ProtoFile {
		names = append(names, f.GetName())
	}
	want := []string{"example.com/b/generated.proto", "google/protobuf/descriptor.proto", gogoprotoFile, "example.com/a/generated.proto"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("descriptors (-want +got):\n%s", diff)
	}

	// As the plug-in reads it.
	content, err := proto.Marshal(request.ProtoFile[len(want)-1])
	if err != nil {
		t.Fatal(err)
	}
	var read descriptor.FileDescriptorProto
	if err := gogo.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	if field := read.MessageType[0].Field[0]; field.GetNumber() != 3 || gogoproto.IsNullable(field) {
		t.Errorf("read field %v, want number 3, not nullable", field)
	}
}

func TestCompileNamesTheFileThatIsWrong(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"syntax": "syntax = \"proto2\";\nmessage {}\n",
		"import": "syntax = \"proto2\";\nimport \"nowhere.proto\";\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := sources(t, map[string]string{"wrong.proto": content})
			_, err := compile(t.Context(), []string{dir}, []string{filepath.Join(dir, "wrong.proto")})
			if err == nil || !strings.Contains(err.Error(), "wrong.proto:2:") {
				t.Errorf("error %v, want one that names wrong.proto and its line", err)
			}
		})
	}
}

func TestImportName(t *testing.T) {
	t.Parallel()
	paths := []string{".", "/src", "/src/vendor"}
	for file, want := range map[string]string{
		"a/b.proto":            "a/b.proto",
		"./b.proto":            "b.proto",
		"/src/a/b.proto":       "a/b.proto",
		"/src/vendor/b.proto":  "vendor/b.proto",
		"/elsewhere/b.proto":   "/elsewhere/b.proto",
		"/src-of-mine/b.proto": "/src-of-mine/b.proto",
	} {
		if got := importName(paths, file); got != want {
			t.Errorf("%s is imported as %s, want %s", file, got, want)
		}
	}
}

func TestRunWantsFilesAndOutput(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{{"--gogo_out=x"}, {"x.proto"}, {"--java_out=x", "x.proto"}} {
		if err := run(t.Context(), arguments); err == nil {
			t.Errorf("%v: want an error", arguments)
		}
	}
}
