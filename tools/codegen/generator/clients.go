package generator

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"example.com/annex/tools/codegen/apis"
)

// clients is the directory of the generated clients, with upstream's names for the packages in it (kube_codegen.sh,
// kube::codegen::gen_client).
const clients = "servers/client"

// clientGenerators make clients for all types of all servers that are tagged with +genclient.
func clientGenerators() []Generator {
	return []Generator{
		{
			Name:    "client-gen",
			Program: "k8s.io/code-generator/cmd/client-gen",
			Tag:     "genclient",
			arguments: func(r Run, p Place) []string {
				return append(output(p, "clientset"),
					"--clientset-name", "versioned",
					// Clients write what they prefer to read: types must have it.
					"--prefers-protobuf="+strconv.FormatBool(!slices.ContainsFunc(r.Packages, withoutProtobuf)),
					"--apply-configuration-package", clientPackage(p, "applyconfiguration"),
					// Without a base, inputs are import paths.
					"--input-base", "",
					"--input", strings.Join(r.importPaths(), ","))
			},
		},
		{
			Name:    "lister-gen",
			Program: "k8s.io/code-generator/cmd/lister-gen",
			Tag:     "genclient",
			arguments: func(r Run, p Place) []string {
				return append(output(p, "listers"), r.importPaths()...)
			},
		},
		{
			Name:    "informer-gen",
			Program: "k8s.io/code-generator/cmd/informer-gen",
			Tag:     "genclient",
			arguments: func(r Run, p Place) []string {
				arguments := append(output(p, "informers"),
					"--versioned-clientset-package", clientPackage(p, "clientset/versioned"),
					"--listers-package", clientPackage(p, "listers"))
				return append(arguments, r.importPaths()...)
			},
		},
		{
			Name:       "applyconfiguration-gen",
			Program:    "k8s.io/code-generator/cmd/applyconfiguration-gen",
			Tag:        "genclient",
			ReadsModel: true,
			arguments: func(r Run, p Place) []string {
				return append(append(output(p, "applyconfiguration"), "--openapi-schema", p.Model), r.importPaths()...)
			},
		},
	}
}

func withoutProtobuf(p apis.Package) bool { return !p.Tagged(ProtobufTag) }

// output is where a generator of clients writes one of its packages.
func output(p Place, name string) []string {
	return []string{"--output-dir", p.dir(path.Join(clients, name)), "--output-pkg", clientPackage(p, name)}
}

func clientPackage(p Place, name string) string {
	return path.Join(p.Module, clients, name)
}
