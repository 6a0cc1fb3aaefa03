package regeneration

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"example.com/annex/tools/codegen/apis"
	"example.com/annex/tools/codegen/fieldnumbers"
	"example.com/annex/tools/codegen/generator"
)

// checkout is what the generators' work starts from.
type checkout struct {
	servers   []apis.Server
	sources   map[string][]byte // hand-written Go files of the API packages, by path
	generated map[string][]byte // what the generators left below servers, by path
	others    []string          // all other Go and .proto files below servers
}

func readCheckout(root fs.FS, module string, generators []generator.Generator) (checkout, error) {
	generated := func(_ string, content []byte) bool { return generator.Generated(generators, content) }
	servers, err := apis.Find(root, module, generated)
	if err != nil {
		return checkout{}, err
	}
	c := checkout{servers: servers, sources: map[string][]byte{}, generated: map[string][]byte{}}
	if len(servers) == 0 {
		return c, nil
	}
	err = fs.WalkDir(root, "servers", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".go", ".proto"}, path.Ext(name)) {
			return err
		}
		content, err := fs.ReadFile(root, name)
		switch {
		case err != nil:
			return err
		case generated(name, content):
			c.generated[name] = content
		case inAPIs(servers, name) && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			c.sources[name] = content
		default:
			c.others = append(c.others, name)
		}
		return nil
	})
	if err != nil {
		return checkout{}, fmt.Errorf("reading the servers' Go files: %w", err)
	}
	return c, nil
}

func inAPIs(servers []apis.Server, name string) bool {
	for _, s := range servers {
		if strings.HasPrefix(name, s.Dir+"/") {
			return true
		}
	}
	return false
}

// was is what the checkout has of a file that generators wrote, or put tags into. Nil is nothing.
func (c checkout) was(name string) []byte {
	if content, ok := c.generated[name]; ok {
		return content
	}
	return c.sources[name]
}

// renumbered tells of fields whose number in protobuf would change.
func (c checkout) renumbered(outputs map[string][]byte) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.generated)) {
		if after, ok := outputs[name]; ok && path.Ext(name) == ".proto" {
			errs = append(errs, fieldnumbers.Check(name, c.generated[name], after))
		}
	}
	return errors.Join(errs...)
}

// overwritten tells of hand-written files that generators don't see, and that their outputs would replace.
func (c checkout) overwritten(outputs map[string][]byte) error {
	for _, name := range c.others {
		if _, ok := outputs[name]; ok {
			return fmt.Errorf("%s is written by hand, and would be replaced by a generated file", name)
		}
	}
	return nil
}
