package registry

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metatable "k8s.io/apimachinery/pkg/api/meta/table"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
)

// Column is one column that kubectl get prints.
type Column[T Object] struct {
	// Name is the heading; kubectl prints it in capitals.
	Name string
	// Type is the OpenAPI type of the value: "string" (the default), "integer", "number", "boolean" or "date".
	Type string
	// Description is shown to programs that read the table's definition.
	Description string
	// Priority 0 columns are always printed, all others only with -o wide.
	Priority int32
	// Value returns what the cell holds: a string, a number or a boolean.
	Value func(T) any
}

// tableConvertor prints the name, the columns, and the age.
type tableConvertor[T Object] struct {
	headers []metav1.TableColumnDefinition
	columns []Column[T]
}

var _ rest.TableConvertor = tableConvertor[Object]{}

func newTableConvertor[T Object](columns []Column[T]) (tableConvertor[T], error) {
	doc := metav1.ObjectMeta{}.SwaggerDoc()
	headers := []metav1.TableColumnDefinition{{Name: "Name", Type: "string", Format: "name", Description: doc["name"]}}
	for i, c := range columns {
		if c.Name == "" || c.Value == nil {
			return tableConvertor[T]{}, fmt.Errorf("table column %d (%q) needs a Name and a Value", i, c.Name)
		}
		header := metav1.TableColumnDefinition{Name: c.Name, Type: c.Type, Description: c.Description, Priority: c.Priority}
		if header.Type == "" {
			header.Type = "string"
		}
		headers = append(headers, header)
	}
	headers = append(headers, metav1.TableColumnDefinition{Name: "Age", Type: "date", Description: doc["creationTimestamp"]})
	return tableConvertor[T]{headers: headers, columns: columns}, nil
}

// ConvertToTable makes a row of an object, or a row of each object in a list.
func (t tableConvertor[T]) ConvertToTable(_ context.Context, object, tableOptions runtime.Object) (*metav1.Table, error) {
	table := &metav1.Table{}
	if list, err := meta.ListAccessor(object); err == nil {
		table.ResourceVersion = list.GetResourceVersion()
		table.Continue = list.GetContinue()
		table.RemainingItemCount = list.GetRemainingItemCount()
	} else if object, err := meta.CommonAccessor(object); err == nil {
		table.ResourceVersion = object.GetResourceVersion()
	}
	if options, ok := tableOptions.(*metav1.TableOptions); !ok || !options.NoHeaders {
		table.ColumnDefinitions = t.headers
	}
	var err error
	table.Rows, err = metatable.MetaToTableRow(object, func(obj runtime.Object, m metav1.Object, name, age string) ([]any, error) {
		o, ok := obj.(T)
		if !ok {
			return nil, fmt.Errorf("printing %q: got a %T, want a %T", name, obj, *new(T))
		}
		cells := []any{name}
		for _, c := range t.columns {
			cells = append(cells, c.Value(o))
		}
		return append(cells, age), nil
	})
	return table, err
}
