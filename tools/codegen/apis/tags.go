package apis

import "regexp"

// tagLine is a comment line that is a tag with a value; the name ends at '=' or, for tags on types such as
// k8s:deepcopy-gen:interfaces, before the part that is the type's.
var tagLine = regexp.MustCompile(`(?m)^\s*//\s*\+([A-Za-z0-9]+(?::[A-Za-z0-9-]+)?)(?:[:=].*)?$`)

func collectTags(file []byte, tags map[string]bool) {
	for _, match := range tagLine.FindAllSubmatch(file, -1) {
		tags[string(match[1])] = true
	}
}
