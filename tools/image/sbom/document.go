package sbom

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spdx/tools-golang/spdx/v2/common"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
)

// MediaType of SPDX documents in JSON, as IANA has it.
const MediaType = "application/spdx+json"

const (
	// namespace is where documents have their names; nothing needs to be served there.
	namespace = "https://example.com/annex/spdx/"
	creator   = "example.com/annex/tools/image"
	// created is the same for all, as the images' own times are.
	created     = "1970-01-01T00:00:00Z"
	noAssertion = "NOASSERTION"
)

// Image says what an image is made of.
type Image struct {
	// Name of the image, without a registry: capacity.
	Name         string
	Digest       v1.Hash
	Architecture string
	// Program may be nil.
	Program *Program
	// Data are modules in the image that are not part of the program.
	Data []Module
}

// Document writes the SPDX document: the image contains the program and the data; the program depends on its modules and
// on Go's standard library. The same image gives the same bytes.
func Document(image Image) ([]byte, error) {
	root := imagePackage(image)
	document := &spdx.Document{
		SPDXVersion:       spdx.Version,
		DataLicense:       spdx.DataLicense,
		SPDXIdentifier:    "DOCUMENT",
		DocumentName:      image.Name,
		DocumentNamespace: namespace + url.PathEscape(image.Name) + "/" + image.Digest.String(),
		CreationInfo: &spdx.CreationInfo{
			Creators: []common.Creator{{CreatorType: "Tool", Creator: creator}},
			Created:  created,
		},
	}
	known := map[common.ElementID]bool{}
	add := func(from common.ElementID, relationship string, to *spdx.Package) {
		if !known[to.PackageSPDXIdentifier] {
			known[to.PackageSPDXIdentifier] = true
			document.Packages = append(document.Packages, to)
		}
		document.Relationships = append(document.Relationships, &spdx.Relationship{
			RefA:         common.DocElementID{ElementRefID: from},
			RefB:         common.DocElementID{ElementRefID: to.PackageSPDXIdentifier},
			Relationship: relationship,
		})
	}
	add(document.SPDXIdentifier, common.TypeRelationshipDescribe, root)
	for _, module := range image.Data {
		add(root.PackageSPDXIdentifier, common.TypeRelationshipContains, modulePackage(module))
	}
	if program := image.Program; program != nil {
		main := programPackage(program)
		add(root.PackageSPDXIdentifier, common.TypeRelationshipContains, main)
		add(main.PackageSPDXIdentifier, common.TypeRelationshipDependsOn, standardLibrary(program.Go))
		for _, module := range program.Modules {
			add(main.PackageSPDXIdentifier, common.TypeRelationshipDependsOn, modulePackage(module))
		}
	}
	return marshal(document)
}

func marshal(document *spdx.Document) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return nil, fmt.Errorf("writing an SPDX document: %w", err)
	}
	return text.Bytes(), nil
}

func imagePackage(image Image) *spdx.Package {
	return &spdx.Package{
		PackageName:               image.Name,
		PackageSPDXIdentifier:     "Image",
		PackageVersion:            image.Digest.String(),
		PackageDownloadLocation:   noAssertion,
		PrimaryPackagePurpose:     "CONTAINER",
		PackageChecksums:          []common.Checksum{{Algorithm: common.SHA256, Value: image.Digest.Hex}},
		PackageExternalReferences: purl(fmt.Sprintf("pkg:oci/%s@%s?arch=%s", image.Name, url.QueryEscape(image.Digest.String()), image.Architecture)),
	}
}

func programPackage(program *Program) *spdx.Package {
	return &spdx.Package{
		PackageName:             program.Package,
		PackageSPDXIdentifier:   "Program",
		PackageDownloadLocation: noAssertion,
		PrimaryPackagePurpose:   "APPLICATION",
		PackageChecksums:        []common.Checksum{{Algorithm: common.SHA256, Value: program.SHA256}},
	}
}

// standardLibrary has the name by which vulnerability databases know it.
func standardLibrary(version string) *spdx.Package {
	return &spdx.Package{
		PackageName:               "stdlib",
		PackageSPDXIdentifier:     "StandardLibrary",
		PackageVersion:            version,
		PackageDownloadLocation:   noAssertion,
		PrimaryPackagePurpose:     "LIBRARY",
		PackageExternalReferences: purl("pkg:golang/stdlib@" + version),
	}
}

func modulePackage(module Module) *spdx.Package {
	return &spdx.Package{
		PackageName:             module.Path,
		PackageSPDXIdentifier:   identifier(module),
		PackageVersion:          module.Version.Version,
		PackageDownloadLocation: noAssertion,
		PrimaryPackagePurpose:   "LIBRARY",
		// Not a checksum: that is one of a file, and this is one of a list of files and their hashes.
		PackageSourceInfo:         "go.sum: " + module.Sum,
		PackageExternalReferences: purl("pkg:golang/" + module.Path + "@" + url.QueryEscape(module.Version.Version)),
	}
}

func purl(locator string) []*spdx.PackageExternalReference {
	return []*spdx.PackageExternalReference{{
		Category: common.CategoryPackageManager,
		RefType:  common.TypePackageManagerPURL,
		Locator:  locator,
	}}
}

// notInIdentifiers is what an SPDX identifier must not have in it.
var notInIdentifiers = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// identifier is one that can be read, and that no other module has.
func identifier(module Module) common.ElementID {
	hash := sha256.Sum256([]byte(module.String()))
	return common.ElementID(fmt.Sprintf("Module-%s-%x", notInIdentifiers.ReplaceAllString(module.Path, "-"), hash[:4]))
}
