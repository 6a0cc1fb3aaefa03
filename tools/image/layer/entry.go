package layer

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// parentMode is the mode of directories that are there only because something lies in them.
const parentMode Mode = 0o755

// Entry is a file, a directory or a symbolic link of a layer. All of them belong to root.
type Entry struct {
	// Path in the image: absolute, without . or .. in it.
	Path string `json:"path"`
	// Source is the file on this machine to copy; symbolic links are followed. Without it the entry is a directory, unless
	// it is a link.
	Source string `json:"source,omitempty"`
	// Link is what a symbolic link says. It has no Mode.
	Link string `json:"link,omitempty"`
	Mode Mode   `json:"mode"`
}

// complete sorts entries, and adds the directories that they lie in, so that parents come first. It complains about
// paths that are not clean, that are given twice, or that lie in a file.
func complete(entries []Entry) ([]Entry, error) {
	byPath := make(map[string]Entry, len(entries))
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Path, "/") || path.Clean(entry.Path) != entry.Path || entry.Path == "/" {
			return nil, fmt.Errorf("%q: a path in an image must be absolute and clean, such as /etc/passwd", entry.Path)
		}
		if _, twice := byPath[entry.Path]; twice {
			return nil, fmt.Errorf("%s is given twice", entry.Path)
		}
		if entry.Source != "" && entry.Link != "" {
			return nil, fmt.Errorf("%s is both a file and a link", entry.Path)
		}
		byPath[entry.Path] = entry
	}
	for _, entry := range entries {
		for parent := path.Dir(entry.Path); parent != "/"; parent = path.Dir(parent) {
			switch found, ok := byPath[parent]; {
			case !ok:
				byPath[parent] = Entry{Path: parent, Mode: parentMode}
			case found.Source != "":
				return nil, fmt.Errorf("%s lies in %s, which is a file", entry.Path, parent)
			case found.Link != "":
				return nil, fmt.Errorf("%s lies in %s, which is a link", entry.Path, parent)
			}
		}
	}
	completed := make([]Entry, 0, len(byPath))
	for _, entry := range byPath {
		completed = append(completed, entry)
	}
	slices.SortFunc(completed, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	return completed, nil
}
