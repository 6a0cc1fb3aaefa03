package generator

import (
	"path"
	"slices"

	"example.com/annex/tools/codegen/model"
)

// metaValidation has the validations of metav1.ObjectMeta, metav1.Condition and so on. It stands among the inputs of
// validation-gen, as in Kubernetes' own hack/update-codegen.sh, because as a --readonly-pkg its hand-written functions are
// not found (validation-gen v0.37.2 then says "expected hand-written function ... was not found"). What is generated for it
// again goes nowhere.
const metaValidation = "k8s.io/apimachinery/pkg/apis/meta/v1/validation"

// The packages of types that ours are made of, for which nothing is generated here; KUBE_CODEGEN_READONLY_PKGS in
// kube_codegen.sh lists the same.
var (
	plain = []string{
		"k8s.io/apimachinery/pkg/api/resource",
		"k8s.io/apimachinery/pkg/runtime",
		"k8s.io/apimachinery/pkg/types",
		"k8s.io/apimachinery/pkg/util/intstr",
		"time",
	}
	described = []string{
		"k8s.io/api/autoscaling/v1", // Scale, the kind of the subresource
		"k8s.io/apimachinery/pkg/api/resource",
		"k8s.io/apimachinery/pkg/apis/meta/v1",
		"k8s.io/apimachinery/pkg/runtime",
		"k8s.io/apimachinery/pkg/util/intstr",
		"k8s.io/apimachinery/pkg/version",
	}
)

// All returns the generators that the repository uses. All can run at once, but for those that read the model
// (Generator.ReadsModel), which come after openapi-gen.
func All() []Generator {
	return slices.Concat(typeGenerators(), []Generator{protobufGenerator()}, clientGenerators())
}

// typeGenerators write next to the types, and openapi-gen into a package beside them.
func typeGenerators() []Generator {
	return []Generator{
		{
			Name:    "deepcopy-gen",
			Program: "k8s.io/code-generator/cmd/deepcopy-gen",
			Tag:     "k8s:deepcopy-gen",
			arguments: func(r Run, _ Place) []string {
				return append([]string{"--output-file", "zz_generated.deepcopy.go"}, r.importPaths()...)
			},
		},
		{
			Name:    "defaulter-gen",
			Program: "k8s.io/code-generator/cmd/defaulter-gen",
			Tag:     "k8s:defaulter-gen",
			arguments: func(r Run, _ Place) []string {
				return append([]string{"--output-file", "zz_generated.defaults.go"}, r.importPaths()...)
			},
		},
		{
			Name:    "conversion-gen",
			Program: "k8s.io/code-generator/cmd/conversion-gen",
			Tag:     "k8s:conversion-gen",
			arguments: func(r Run, _ Place) []string {
				return append([]string{"--output-file", "zz_generated.conversion.go"}, r.importPaths()...)
			},
		},
		{
			Name:    "validation-gen",
			Program: "k8s.io/code-generator/cmd/validation-gen",
			Tag:     "k8s:validation-gen",
			arguments: func(r Run, _ Place) []string {
				arguments := append([]string{"--output-file", "zz_generated.validations.go"}, each("--readonly-pkg", plain)...)
				return append(append(arguments, metaValidation), r.importPaths()...)
			},
		},
		{
			Name:      "openapi-gen",
			Program:   "k8s.io/kube-openapi/cmd/openapi-gen",
			Tag:       "k8s:openapi-gen",
			PerServer: true,
			arguments: func(r Run, p Place) []string {
				dir := path.Join(r.Server.Dir, "openapi")
				arguments := append([]string{
					"--output-file", model.DefinitionsFile,
					"--output-dir", p.dir(dir),
					"--output-pkg", path.Join(p.Module, dir),
					// Every type says its own name in OpenAPI documents, from the tag k8s:openapi-model-package, so that
					// references to it agree wherever they come from.
					"--output-model-name-file", model.NamesFile,
					"--report-filename", p.Report,
				}, each("--readonly-pkg", described)...)
				return append(append(arguments, described...), r.importPaths()...)
			},
		},
	}
}

func each(flag string, values []string) []string {
	var arguments []string
	for _, v := range values {
		arguments = append(arguments, flag, v)
	}
	return arguments
}
