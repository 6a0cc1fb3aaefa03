package generator

import "strings"

// ProtobufTag is the name of the tag by which a package asks for protobuf.
const ProtobufTag = "k8s:protobuf-gen"

// messages are the packages of types that ours are made of, and that are messages in .proto files, as go-to-protobuf has them by
// default; a "+" is for packages of which only some types are. Their .proto files are written again, in the private copy:
// sources of Go modules, as Bazel has them, are only their Go files.
var messages = []string{
	"+k8s.io/apimachinery/pkg/util/intstr",
	"+k8s.io/apimachinery/pkg/api/resource",
	"+k8s.io/apimachinery/pkg/runtime/schema",
	"+k8s.io/apimachinery/pkg/runtime",
	"k8s.io/apimachinery/pkg/apis/meta/v1",
}

// protobufGenerator writes how versioned types are encoded in protobuf: generated.proto says it, generated.pb.go does it. Both
// have upstream's names, which go-to-protobuf knows no others for. Fields get their numbers as tags in types.go, and keep them:
// see package fieldnumbers.
func protobufGenerator() Generator {
	return Generator{
		Name:    "go-to-protobuf",
		Program: "k8s.io/code-generator/cmd/go-to-protobuf",
		Calls: []string{
			"example.com/annex/tools/codegen/protoc",
			"golang.org/x/tools/cmd/goimports",
			"k8s.io/code-generator/cmd/go-to-protobuf/protoc-gen-gogo",
		},
		Signature: "protoc-gen-gogo",
		Tag:       ProtobufTag,
		EditsTags: true,
		arguments: func(r Run, p Place) []string {
			return []string{
				"--apimachinery-packages", strings.Join(messages, ","),
				"--packages", strings.Join(r.importPaths(), ","),
				"--output-dir", p.Src,
			}
		},
	}
}
