package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/sample-apiserver/pkg/apis/wardle"
)

// fleet computes the same flunders every time.
type fleet []*wardle.Flunder

func (f fleet) Get(_ context.Context, name string) (*wardle.Flunder, error) {
	for _, flunder := range f {
		if flunder.Name == name {
			return flunder, nil
		}
	}
	return nil, apierrors.NewNotFound(wardle.Resource("flunders"), name)
}

func (f fleet) List(context.Context) ([]*wardle.Flunder, error) { return slices.Clone(f), nil }

// away can't compute anything now.
type away struct{}

func (away) Get(context.Context, string) (*wardle.Flunder, error) {
	return nil, apierrors.NewServiceUnavailable("ships can't be read")
}
func (away) List(context.Context) ([]*wardle.Flunder, error) {
	return nil, apierrors.NewServiceUnavailable("ships can't be read")
}

func computed(t *testing.T, computation Computation[*wardle.Flunder]) *computedStore[*wardle.Flunder] {
	t.Helper()
	s := flunders()
	storage, err := Computed[*wardle.Flunder]{
		Plural: s.Plural, Singular: s.Singular, New: s.New, NewList: s.NewList,
		Columns: s.Columns, SelectableFields: s.SelectableFields,
		Compute: func(Options) (Computation[*wardle.Flunder], error) { return computation, nil },
	}.Storage(Options{Group: wardle.GroupName, Scheme: scheme()})
	if err != nil {
		t.Fatal(err)
	}
	store, ok := storage[""].(*computedStore[*wardle.Flunder])
	if !ok || len(storage) != 1 {
		t.Fatalf("got the storage %v", storage)
	}
	return store
}

func someFleet() fleet {
	c, a, b := flunder(0, "x", ""), flunder(0, "y", ""), flunder(0, "x", "")
	c.Name, b.Name = "c", "b"
	b.Labels = map[string]string{"colour": "red"}
	return fleet{c, a, b}
}

func TestComputedServesGetAndListOnly(t *testing.T) {
	t.Parallel()
	var store rest.Storage = computed(t, someFleet())
	if _, ok := store.(rest.Watcher); ok {
		t.Error("it serves watch: a client would wait for changes that nobody tells")
	}
	if access := accessTo(store); len(access.Edit) != 0 {
		t.Errorf("it serves %v", access.Edit)
	}
}

func TestComputedList(t *testing.T) {
	t.Parallel()
	store := computed(t, someFleet())
	for name, tc := range map[string]struct {
		options *metainternalversion.ListOptions
		want    string
	}{
		"sorted":                  {nil, "a b c"},
		"label selector":          {&metainternalversion.ListOptions{LabelSelector: labels.SelectorFromSet(labels.Set{"colour": "red"})}, "b"},
		"field selector":          {&metainternalversion.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.reference", "x")}, "b c"},
		"by name":                 {&metainternalversion.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", "c")}, "c"},
		"nothing selected":        {&metainternalversion.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", "d")}, ""},
		"limit":                   {&metainternalversion.ListOptions{Limit: 1}, "a b c"},
		"any resourceVersion":     {&metainternalversion.ListOptions{ResourceVersion: "0"}, "a b c"},
		"not older than whatever": {&metainternalversion.ListOptions{ResourceVersion: "0", ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}, "a b c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object, err := store.List(t.Context(), tc.options)
			if err != nil {
				t.Fatal(err)
			}
			list := object.(*wardle.FlunderList)
			var names []string
			for _, item := range list.Items {
				names = append(names, item.Name)
			}
			if got := strings.Join(names, " "); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if list.ResourceVersion != "" || list.Continue != "" || list.RemainingItemCount != nil {
				t.Errorf("the list promises more: %+v", list.ListMeta)
			}
		})
	}
}

func TestComputedRefusesWhatItHasNot(t *testing.T) {
	t.Parallel()
	store := computed(t, someFleet())
	for name, options := range map[string]metainternalversion.ListOptions{
		"continue":        {Continue: "abc"},
		"resourceVersion": {ResourceVersion: "12"},
	} {
		if _, err := store.List(t.Context(), &options); !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), name+": ") {
			t.Errorf("list with %s: got %v, want a bad request that names it", name, err)
		}
	}
	if _, err := store.Get(t.Context(), "a", &metav1.GetOptions{ResourceVersion: "12"}); !apierrors.IsBadRequest(err) {
		t.Errorf("get with resourceVersion: got %v, want a bad request", err)
	}
}

func TestComputedGet(t *testing.T) {
	t.Parallel()
	store := computed(t, someFleet())
	got, err := store.Get(t.Context(), "b", &metav1.GetOptions{})
	if err != nil || got.(*wardle.Flunder).Name != "b" {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := store.Get(t.Context(), "d", &metav1.GetOptions{}); got != nil || !apierrors.IsNotFound(err) {
		t.Errorf("got %v, %v, want no object, not found", got, err)
	}
	store = computed(t, away{})
	if _, err := store.Get(t.Context(), "a", nil); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("get: got %v, want status 503", err)
	}
	if _, err := store.List(t.Context(), nil); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("list: got %v, want status 503", err)
	}
}

func TestComputedTable(t *testing.T) {
	t.Parallel()
	store := computed(t, someFleet())
	list, err := store.List(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := store.ConvertToTable(t.Context(), list, nil)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]any
	for _, row := range table.Rows {
		rows = append(rows, row.Cells[:2])
	}
	if diff := cmp.Diff([][]any{{"a", "y"}, {"b", "x"}, {"c", "x"}}, rows); diff != "" {
		t.Errorf("names and references (-want +got):\n%s", diff)
	}
}

func TestComputedIncomplete(t *testing.T) {
	t.Parallel()
	options := Options{Group: wardle.GroupName, Scheme: scheme()}
	if _, err := (Computed[*wardle.Flunder]{Plural: "flunders"}).Storage(options); err == nil || !strings.Contains(err.Error(), "NewList") {
		t.Errorf("got %v, want an error that says what is missing", err)
	}
	broken := errors.New("no client")
	s := flunders()
	_, err := Computed[*wardle.Flunder]{
		Plural: s.Plural, Singular: s.Singular, New: s.New, NewList: func() runtime.Object { return &wardle.FlunderList{} },
		Compute: func(Options) (Computation[*wardle.Flunder], error) { return nil, broken },
	}.Storage(options)
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
