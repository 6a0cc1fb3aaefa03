package claims

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"

	"example.com/annex/e2e/conformance"
)

// leaves are the fields of an object below a path that are neither objects nor lists, those that are least deep first: what is in a
// list has no path.
func leaves(object map[string]any, below ...string) []conformance.Field {
	var found []conformance.Field
	var walk func(value any, path []string)
	walk = func(value any, path []string) {
		switch v := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(v[name], append(slices.Clone(path), name))
			}
		case string, int64, float64, bool:
			found = append(found, conformance.Field{Path: path, Value: v})
		}
	}
	var value any = object
	for _, name := range below {
		within, _ := value.(map[string]any)
		value = within[name]
	}
	walk(value, below)
	slices.SortStableFunc(found, func(a, b conformance.Field) int { return cmp.Compare(len(a.Path), len(b.Path)) })
	return found
}

// number is the first whole number in a text, such as 5 in 5Gi or 0 in v1-0.
var number = regexp.MustCompile(`[0-9]+`)

// alternatives are values that may be as good as the one a field has. Whether they are, the server has to say.
func alternatives(field conformance.Field, s *spec.Schema) []any {
	var found []any
	if s != nil {
		for _, each := range s.Enum {
			found = append(found, whole(each))
		}
	}
	switch v := field.Value.(type) {
	case bool:
		found = append(found, !v)
	case int64:
		found = append(found, v+1, v+2, v-1, v-2)
	case float64:
		found = append(found, v+1, v+2, v/2)
	case string:
		if len(found) > 0 {
			break // Nothing else can be good.
		}
		for _, more := range []int{1, 2} {
			if at := number.FindStringIndex(v); at != nil {
				if n, err := strconv.Atoi(v[at[0]:at[1]]); err == nil {
					found = append(found, v[:at[0]]+strconv.Itoa(n+more)+v[at[1]:])
				}
			}
		}
		found = append(found, v+"-a", v+"-b", v+"a", v+"b")
	}
	return slices.DeleteFunc(found, func(value any) bool { return value == field.Value })
}

// violations are values that the schema says a field can't have.
func violations(s *spec.Schema) []any {
	if s == nil {
		return nil
	}
	var found []any
	switch {
	case s.Type.Contains("integer") || s.Type.Contains("number"):
		if s.Minimum != nil {
			found = append(found, int64(math.Floor(*s.Minimum))-1)
		}
		if s.Maximum != nil && *s.Maximum < math.MaxInt32 {
			found = append(found, int64(math.Ceil(*s.Maximum))+1)
		}
	case s.Type.Contains("string"):
		if len(s.Enum) > 0 {
			found = append(found, "NoneOfThese")
		}
		if s.MaxLength != nil && *s.MaxLength < 1<<16 {
			found = append(found, strings.Repeat("x", int(*s.MaxLength)+1))
		}
		if s.MinLength != nil && *s.MinLength > 1 {
			found = append(found, "x")
		}
		if s.Pattern != "" {
			if pattern, err := regexp.Compile(s.Pattern); err == nil {
				for _, odd := range []string{"Not A Name", "~"} {
					if !pattern.MatchString(odd) {
						found = append(found, odd)
						break
					}
				}
			}
		}
	}
	return found
}

// example is a value that the schema allows, as far as it can be told; ok is false where it can't.
func example(s *spec.Schema) (value any, ok bool) {
	switch {
	case s == nil || s.Format == "date-time" || s.Format == "byte":
		return nil, false
	case len(s.Enum) > 0:
		return whole(s.Enum[len(s.Enum)-1]), true // The first may be the default.
	case s.Type.Contains("integer"):
		n := int64(1)
		if s.Minimum != nil {
			n = max(n, int64(math.Ceil(*s.Minimum)))
		}
		return n, true
	case s.Type.Contains("boolean"):
		return true, true
	case s.Type.Contains("string"):
		return "Example", true
	}
	return nil, false
}

// whole makes a whole number int64, as in objects.
func whole(value any) any {
	if f, ok := value.(float64); ok && f == math.Trunc(f) {
		return int64(f)
	}
	return value
}

// conditions is a value for status.conditions.
func conditions() any {
	return []any{map[string]any{
		"type": "Example", "status": "True", "reason": "Example", "message": "Set by a test.",
		"lastTransitionTime": "2026-01-01T00:00:00Z",
	}}
}

// text is a value as a field selector has it.
func text(value any) string { return fmt.Sprint(value) }
