package lines

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Sources are the Go files of a server that are written by hand, and are no tests, nor in packages for tests (...test), by their paths below its directory, each with the
// number of its lines, as wc counts them: blank ones and comments are lines, too.
type Sources map[string]int

// Read counts the sources below a directory.
func Read(dir string) (Sources, error) {
	sources := Sources{}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		if err == nil && entry.IsDir() && strings.HasSuffix(name, "test") {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "generated.") {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, file)
		sources[filepath.ToSlash(relative)] = bytes.Count(data, []byte("\n"))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("counting the lines of %s: %w", dir, err)
	}
	return sources, nil
}

// under are the files that are one of the paths, or below one that ends with a slash.
func (s Sources) under(paths ...string) []string {
	var files []string
	for file := range s {
		if slices.ContainsFunc(paths, func(p string) bool { return file == p || strings.HasSuffix(p, "/") && strings.HasPrefix(file, p) }) {
			files = append(files, file)
		}
	}
	return files
}

func (s Sources) sum(files []string) int {
	n := 0
	for _, file := range files {
		n += s[file]
	}
	return n
}

// row is one of a table of parts: | `main.go` and `definition/` | 38 |.
var (
	row   = regexp.MustCompile(`^\| (.*` + "`" + `.*) \| ([0-9]+) \|$`)
	place = regexp.MustCompile("`([^`]+)`")
)

// heading is that of the table in a server's README.
const heading = "## Lines by hand\n"

// Mend returns the README of a server with the numbers that its table should have. A row names files and directories between
// backquotes, up to a colon, and after "less" the names of directories in them that it leaves out. It fails if there is no table, or if
// a source is in no row, or in two.
func Mend(readme string, sources Sources) (string, error) {
	before, table, ok := strings.Cut(readme, heading)
	if !ok {
		return "", fmt.Errorf("it has no heading %q, with a table of parts and their lines", strings.TrimSpace(heading))
	}
	rows := map[string]string{} // by file
	var mended []string
	for line := range strings.Lines(table) {
		match := row.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if match == nil {
			mended = append(mended, line)
			continue
		}
		what, _, _ := strings.Cut(match[1], ":")
		with, less, _ := strings.Cut(what, " less ")
		files := slices.DeleteFunc(sources.under(quoted(with)...), func(file string) bool {
			return slices.ContainsFunc(quoted(less), func(dir string) bool { return strings.Contains("/"+path.Dir(file)+"/", "/"+dir) })
		})
		if len(files) == 0 {
			return "", fmt.Errorf("there is nothing in %s", what)
		}
		for _, file := range files {
			if other, twice := rows[file]; twice {
				return "", fmt.Errorf("%s is in %s and in %s", file, other, what)
			}
			rows[file] = what
		}
		mended = append(mended, fmt.Sprintf("| %s | %d |\n", match[1], sources.sum(files)))
	}
	for file := range sources {
		if rows[file] == "" {
			return "", fmt.Errorf("%s is in no row of the table", file)
		}
	}
	return before + heading + strings.Join(mended, ""), nil
}

func quoted(text string) []string {
	var all []string
	for _, match := range place.FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return all
}

const overview = "| Server | `main.go`, `definition/` | `registry/` | `apis/` | the rest | all |\n|---|---|---|---|---|---|\n"

// MendOverview returns the README of all servers with a row for each of them, by name.
func MendOverview(readme string, servers map[string]Sources) (string, error) {
	before, after, ok := strings.Cut(readme, overview)
	if !ok {
		return "", fmt.Errorf("it has no table of servers with the heading\n%s", overview)
	}
	for strings.HasPrefix(after, "|") {
		_, after, _ = strings.Cut(after, "\n")
	}
	var b strings.Builder
	for _, name := range sorted(servers) {
		s := servers[name]
		around, registry, apis, all := s.sum(s.under("main.go", "definition/")), s.sum(s.under("registry/")), s.sum(s.under("apis/")), s.sum(s.under(sorted(s)...))
		fmt.Fprintf(&b, "| `%s` | %d | %d | %d | %d | %d |\n", name, around, registry, apis, all-around-registry-apis, all)
	}
	return before + overview + b.String() + after, nil
}

func sorted[T any](m map[string]T) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
