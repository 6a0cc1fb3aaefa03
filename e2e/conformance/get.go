package conformance

import (
	"context"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
)

// Get is kubectl get: the table that it prints, and the fields that it selects
// by.
func Get(r Resource) *features.FeatureBuilder {
	tr, f := try(r, "kubectl get")
	// With the version: kubectl would take the preferred one.
	resource := r.GVR.Resource + "." + r.GVR.Version + "." + r.GVR.Group
	return f.
		Assess("prints every column", step.Do(func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, "printed")
			for _, output := range []string{"", "wide"} {
				want := []Column{{Heading: "NAME", Value: object.GetName()}}
				for _, column := range r.Columns {
					if !column.Wide || output == "wide" {
						want = append(want, Column{Heading: column.Heading, Value: column.Value})
					}
				}
				got := parseTable(tr.Kubectl(ctx, t, "get", resource, object.GetName(), "--output="+output))
				if last := len(got) - 1; last < 0 || got[last].Heading != "AGE" || got[last].Value == "" {
					t.Errorf("kubectl get --output=%q does not print the AGE last: %v", output, got)
				} else if diff := cmp.Diff(want, got[:last]); diff != "" {
					t.Errorf("kubectl get --output=%q prints other columns (-want +got):\n%s", output, diff)
				}
			}
		})).
		Assess("--field-selector", step.Do(func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, "selected")
			selectable := map[string]string{"metadata.name": object.GetName()}
			if r.Namespaced {
				selectable["metadata.namespace"] = tr.Namespace
			}
			maps.Copy(selectable, r.Selectable)
			selected := func(selector string) bool {
				out := tr.Kubectl(ctx, t, "get", resource, "--output=name", "--field-selector="+selector)
				return strings.Contains(out, "/"+object.GetName()+"\n")
			}
			var all []string
			for path, value := range selectable {
				all = append(all, path+"="+value)
				if !selected(path + "=" + value) {
					t.Errorf("%s=%s does not select the object", path, value)
				}
				if selected(path + "!=" + value) {
					t.Errorf("%s!=%s selects the object", path, value)
				}
			}
			if !selected(strings.Join(all, ",")) {
				t.Errorf("%v together do not select the object", all)
			}
			_, err := tr.objects().List(ctx, metav1.ListOptions{FieldSelector: "spec.noSuchField=x"})
			expectRefused(t, err, apierrors.IsBadRequest, "spec.noSuchField")
		}))
}

// heading is a word, or more with a blank between them, and the padding.
var heading = regexp.MustCompile(`(\S+(?: \S+)*) *`)

// parseTable reads the headings that kubectl get prints, and the values in the
// first row.
func parseTable(table string) []Column {
	head, rows, _ := strings.Cut(table, "\n")
	row, _, _ := strings.Cut(rows, "\n")
	var columns []Column
	for _, at := range heading.FindAllStringSubmatchIndex(head, -1) {
		value := row[min(at[0], len(row)):]
		if at[1] < len(head) {
			value = row[min(at[0], len(row)):min(at[1], len(row))]
		}
		columns = append(columns, Column{Heading: head[at[2]:at[3]], Value: strings.TrimSpace(value)})
	}
	return columns
}
