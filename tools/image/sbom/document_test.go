package sbom_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdxlib"
	"golang.org/x/mod/module"

	"example.com/annex/tools/image/sbom"
)

var update = flag.Bool("update", false, "write testdata anew")

func exampleImage() sbom.Image {
	return sbom.Image{
		Name:         "capacity",
		Digest:       v1.Hash{Algorithm: "sha256", Hex: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
		Architecture: "arm64",
		Program: &sbom.Program{
			Package: "example.com/annex/servers/capacity",
			Go:      "1.26.8",
			SHA256:  "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210",
			Modules: []sbom.Module{
				{Version: module.Version{Path: "example.com/a_b/v2", Version: "v2.1.0+incompatible"}, Sum: "h1:one="},
				{Version: module.Version{Path: "example.com/a-b/v2", Version: "v2.1.0"}, Sum: "h1:two="},
			},
		},
		Data: []sbom.Module{{Version: module.Version{Path: "golang.org/x/crypto/x509roots/fallback", Version: "v0.0.1"}, Sum: "h1:roots="}},
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	got, err := sbom.Document(exampleImage())
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "capacity.spdx.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the document differs from %s; if that is meant to be, run this test with -update\n(-want +got):\n%s", golden, diff)
	}
}

// TestValid: the document is one for those who read SPDX.
func TestValid(t *testing.T) {
	t.Parallel()
	text, err := sbom.Document(exampleImage())
	if err != nil {
		t.Fatal(err)
	}
	document, err := spdxjson.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(document); err != nil {
		t.Error(err)
	}
	described, err := spdxlib.GetDescribedPackageIDs(document)
	if err != nil || len(described) != 1 || described[0] != "Image" {
		t.Errorf("the document describes %v, %v; want the image", described, err)
	}
	if len(document.Packages) != 6 {
		t.Errorf("it has %d packages, want the image, the program, Go's library, and three modules", len(document.Packages))
	}
	seen := map[string]bool{}
	for _, p := range document.Packages {
		id := string(p.PackageSPDXIdentifier)
		if seen[id] || !regexp.MustCompile(`^[A-Za-z0-9.-]+$`).MatchString(id) {
			t.Errorf("%s has the identifier %q, which is no identifier, or another package's", p.PackageName, id)
		}
		seen[id] = true
		if p.FilesAnalyzed {
			t.Errorf("%s says that its files were analyzed", p.PackageName)
		}
	}
}

// TestNoProgram: an image of data alone has a document, too.
func TestNoProgram(t *testing.T) {
	t.Parallel()
	image := exampleImage()
	image.Program = nil
	text, err := sbom.Document(image)
	if err != nil {
		t.Fatal(err)
	}
	document, err := spdxjson.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(document.Packages) != 2 {
		t.Errorf("it has %d packages, want the image and one module", len(document.Packages))
	}
}
