package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Tables is what kubectl get prints.
func Tables(r Resource) Feature {
	tr := try(r, "Tables", r.Can("get"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("", "get")
		return tr.Feature
	}
	tr.assess("kubectl get prints every column", func(ctx context.Context, t *testing.T) {
		object := tr.available(ctx, t, "printed")
		for _, output := range []string{"", "wide"} {
			got := parseTable(tr.Kubectl(ctx, t, "get", r.String(), object.GetName(), "--output="+output))
			if first := (Column{Heading: "NAME", Value: object.GetName()}); len(got) == 0 || got[0] != first {
				t.Fatalf("kubectl get --output=%q does not print the NAME first: %v", output, got)
			}
			if r.Columns == nil {
				continue
			}
			var want []Column
			for _, column := range r.Columns {
				if !column.Wide || output == "wide" {
					want = append(want, Column{Heading: column.Heading, Value: column.Value})
				}
			}
			if last := len(got) - 1; last < 1 || got[last].Heading != "AGE" || got[last].Value == "" {
				t.Errorf("kubectl get --output=%q does not print the AGE last: %v", output, got)
			} else if diff := cmp.Diff(want, got[1:last], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("kubectl get --output=%q prints other columns (-want +got):\n%s", output, diff)
			}
		}
	})
	tr.assess("a table has the metadata of its rows, or the objects", func(ctx context.Context, t *testing.T) {
		object := tr.available(ctx, t, "described")
		for include, kind := range map[string]string{"": "PartialObjectMetadata", "Object": r.Kind, "None": ""} {
			data, err := tr.raw(http.MethodGet, object.GetName()).SetHeader("Accept", tables).Param("includeObject", include).Do(ctx).Raw()
			if err != nil {
				t.Fatal(err)
			}
			var table struct {
				metav1.Table
				Rows []struct {
					Cells  []any                      `json:"cells"`
					Object *unstructured.Unstructured `json:"object"`
				} `json:"rows"`
			}
			if err := json.Unmarshal(data, &table); err != nil {
				t.Fatalf("decoding a table: %v", err)
			}
			if table.Kind != "Table" || len(table.Rows) != 1 {
				t.Fatalf("got a %s with %d rows, want a Table with 1", table.Kind, len(table.Rows))
			}
			if cells := table.Rows[0].Cells; len(cells) != len(table.ColumnDefinitions) || cells[0] != object.GetName() {
				t.Errorf("the cells are %v, and there are %d columns", cells, len(table.ColumnDefinitions))
			}
			for _, column := range table.ColumnDefinitions {
				if column.Name == "" || column.Type == "" || column.Description == "" {
					t.Errorf("a column is not described: %+v", column)
				}
			}
			switch row := table.Rows[0].Object; {
			case kind == "":
				if row != nil {
					t.Errorf("includeObject=None: the row has %v", row)
				}
			case row == nil || row.GetKind() != kind || row.GetName() != object.GetName():
				t.Errorf("includeObject=%s: the row has %v, want a %s", include, row, kind)
			}
		}
	})
	tr.assess("metadata alone", func(ctx context.Context, t *testing.T) {
		object := tr.available(ctx, t, "partial")
		data, err := tr.raw(http.MethodGet, object.GetName()).SetHeader("Accept", partial).Do(ctx).Raw()
		if err != nil {
			t.Fatal(err)
		}
		var got unstructured.Unstructured
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("decoding metadata: %v", err)
		}
		if got.GetKind() != "PartialObjectMetadata" || got.GetName() != object.GetName() || got.GetUID() != object.GetUID() || len(got.Object) != 3 {
			t.Errorf("got %v, want the PartialObjectMetadata of %s with the uid %s, and nothing else", got.Object, object.GetName(), object.GetUID())
		}
	})
	return tr.Feature
}

// Media types of what kubectl get prints (KEP-617), and of what the garbage collector reads.
const (
	tables  = "application/json;as=Table;v=v1;g=meta.k8s.io"
	partial = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
)

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
