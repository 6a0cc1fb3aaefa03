package conformance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"example.com/annex/e2e/step"
)

// Lists reads many objects: in pages, of some version, and by selectors.
func Lists(r Resource) Feature {
	tr := try(r, "Lists", r.Can("list"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("", "list")
		return tr.Feature
	}
	tr.assess("a list has its kind, a resourceVersion and the objects", func(ctx context.Context, t *testing.T) {
		object := tr.available(ctx, t, "listed")
		list, err := tr.objects().List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if list.GetKind() != r.Kind+"List" || list.GetAPIVersion() != r.GVR.GroupVersion().String() {
			t.Errorf("it is a %s of %s, want a %sList of %s", list.GetKind(), list.GetAPIVersion(), r.Kind, r.GVR.GroupVersion())
		}
		if r.Can("watch") && list.GetResourceVersion() == "" {
			t.Error("it has no resourceVersion: nobody can watch from it")
		}
		if !slices.Contains(namesOf(list), object.GetName()) {
			t.Errorf("%s is not among %v", object.GetName(), namesOf(list))
		}
		if !r.Namespaced {
			return
		}
		everywhere, err := tr.Dynamic.Resource(r.GVR).List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(everywhere.Items, func(o unstructured.Unstructured) bool { return o.GetUID() == object.GetUID() }) {
			t.Errorf("%s is not in the list of all namespaces", object.GetName())
		}
	})
	tr.assess("a selector that is none is refused", func(ctx context.Context, t *testing.T) {
		for _, selector := range []string{"a b", "a in b", "a=b=c", "=x", "a/b/c=x"} {
			_, err := tr.objects().List(ctx, metav1.ListOptions{LabelSelector: selector})
			expectRefused(t, err, apierrors.IsBadRequest)
		}
		_, err := tr.objects().List(ctx, metav1.ListOptions{FieldSelector: "metadata.name"})
		expectRefused(t, err, apierrors.IsBadRequest)
		_, err = tr.objects().List(ctx, metav1.ListOptions{FieldSelector: "spec.noSuchField=x"})
		expectRefused(t, err, apierrors.IsBadRequest, "spec.noSuchField")
	})
	if r.Can("create", "delete") {
		tr.selectors()
		tr.pages()
		tr.versionsOfLists()
	}
	return tr.Feature
}

// selectors adds what concerns label and field selectors.
func (tr *trial) selectors() {
	tr.assess("label selectors", func(ctx context.Context, t *testing.T) {
		for name, tier := range map[string]string{"a": "front", "b": "back", "c": ""} {
			if tier == "" {
				tr.create(ctx, t, "tier-"+name)
				continue
			}
			tr.create(ctx, t, "tier-"+name, Field{Path: []string{"metadata", "labels", "tier"}, Value: tier})
		}
		mine := tr.mine().LabelSelector + ",!unrelated"
		for selector, want := range map[string][]string{
			"tier=front":             {"tier-a"},
			"tier==back":             {"tier-b"},
			"tier,tier!=front":       {"tier-b"},
			"tier":                   {"tier-a", "tier-b"},
			"tier in (front, back)":  {"tier-a", "tier-b"},
			"tier,tier notin (back)": {"tier-a"},
			"tier in (middle)":       nil,
			"tier=front,tier=back":   nil,
		} {
			list, err := tr.objects().List(ctx, metav1.ListOptions{LabelSelector: mine + "," + selector})
			if err != nil {
				t.Errorf("%s: %v", selector, err)
				continue
			}
			tr.expectNames(t, selector, list, want...)
		}
		list, err := tr.objects().List(ctx, metav1.ListOptions{LabelSelector: mine + ",!tier"})
		if err != nil {
			t.Fatal(err)
		}
		if names := namesOf(list); !slices.Contains(names, tr.named("tier-c")) || slices.Contains(names, tr.named("tier-a")) {
			t.Errorf("!tier selects %v", names)
		}
	})
	tr.assess("field selectors", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "selected")
		selectable := map[string]string{"metadata.name": object.GetName()}
		if tr.Namespaced {
			selectable["metadata.namespace"] = tr.Namespace
		}
		for path, value := range tr.Selectable {
			selectable[path] = value
		}
		selected := func(selector string) bool {
			options := tr.mine()
			options.FieldSelector = selector
			list, err := tr.objects().List(ctx, options)
			if err != nil {
				t.Errorf("%s: %v", selector, err)
				return false
			}
			return slices.Contains(namesOf(list), object.GetName())
		}
		all := ""
		for path, value := range selectable {
			all += "," + path + "=" + value
			if !selected(path + "=" + value) {
				t.Errorf("%s=%s does not select the object", path, value)
			}
			if selected(path + "!=" + value) {
				t.Errorf("%s!=%s selects the object", path, value)
			}
			if selected(path + "=another") {
				t.Errorf("%s=another selects the object", path)
			}
		}
		if !selected(all[1:]) {
			t.Errorf("%s together do not select the object", all[1:])
		}
	})
}

// pages adds what concerns limit and continue.
func (tr *trial) pages() {
	page := func(ctx context.Context, t *testing.T, options metav1.ListOptions) *unstructured.UnstructuredList {
		t.Helper()
		list, err := tr.objects().List(ctx, options)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	paged := func() metav1.ListOptions {
		options := tr.mine()
		options.LabelSelector += ",paged=true"
		options.Limit = 2
		return options
	}
	label := Field{Path: []string{"metadata", "labels", "paged"}, Value: "true"}
	tr.assess("pages are of one moment", func(ctx context.Context, t *testing.T) {
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			tr.create(ctx, t, "paged-"+name, label)
		}
		options := paged()
		first := page(ctx, t, options)
		tr.expectNames(t, "the first page", first, "paged-a", "paged-b")
		if first.GetContinue() == "" {
			t.Fatal("the first page of three has no continue token")
		}
		if first.GetRemainingItemCount() != nil {
			t.Errorf("remainingItemCount is %d with a selector, want none", *first.GetRemainingItemCount())
		}
		// What changes from here on is not in the pages to come.
		tr.create(ctx, t, "paged-cc", label)
		if err := tr.objects().Delete(ctx, tr.named("paged-d"), metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		options.Continue = first.GetContinue()
		second := page(ctx, t, options)
		tr.expectNames(t, "the second page", second, "paged-c", "paged-d")
		options.Continue = second.GetContinue()
		third := page(ctx, t, options)
		tr.expectNames(t, "the third page", third, "paged-e")
		for _, list := range []*unstructured.UnstructuredList{second, third} {
			if list.GetResourceVersion() != first.GetResourceVersion() {
				t.Errorf("a later page has the resourceVersion %s, the first %s", list.GetResourceVersion(), first.GetResourceVersion())
			}
		}
		if third.GetContinue() != "" {
			t.Error("the last page has a continue token")
		}
		options = paged()
		options.Limit = 0
		tr.expectNames(t, "a list after that", page(ctx, t, options), "paged-a", "paged-b", "paged-c", "paged-cc", "paged-e")
	})
	tr.assess("remainingItemCount", func(ctx context.Context, t *testing.T) {
		tr.create(ctx, t, "remaining-a")
		tr.create(ctx, t, "remaining-b")
		first := page(ctx, t, metav1.ListOptions{Limit: 1})
		all := page(ctx, t, metav1.ListOptions{ResourceVersion: first.GetResourceVersion(), ResourceVersionMatch: metav1.ResourceVersionMatchExact})
		// It is an estimate by definition, and exact in practice where there is no selector.
		if first.GetRemainingItemCount() == nil || *first.GetRemainingItemCount() != int64(len(all.Items)-1) {
			t.Errorf("the first of %d objects has remainingItemCount %v, want %d", len(all.Items), first.GetRemainingItemCount(), len(all.Items)-1)
		}
		rest := page(ctx, t, metav1.ListOptions{Continue: first.GetContinue()})
		if len(rest.Items) != len(all.Items)-1 || rest.GetRemainingItemCount() != nil || rest.GetContinue() != "" {
			t.Errorf("the rest has %d objects, remainingItemCount %v and continue %q, want %d and neither", len(rest.Items), rest.GetRemainingItemCount(), rest.GetContinue(), len(all.Items)-1)
		}
	})
	tr.assess("a continue token that is none is refused", func(ctx context.Context, t *testing.T) {
		for _, token := range []string{"garbage", "!", "eyJ2IjoidjAiLCJydiI6MSwic3RhcnQiOiJhIn0"} {
			_, err := tr.objects().List(ctx, metav1.ListOptions{Limit: 1, Continue: token})
			expectRefused(t, err, apierrors.IsBadRequest, "continue key is not valid")
		}
	})
	tr.assess("kubectl get --chunk-size", func(ctx context.Context, t *testing.T) {
		for _, name := range []string{"a", "b", "c"} {
			tr.create(ctx, t, "chunk-"+name, Field{Path: []string{"metadata", "labels", "chunk"}, Value: "true"})
		}
		out := tr.Kubectl(ctx, t, "get", tr.Resource.String(), "--chunk-size=1", "--output=name", "--selector="+tr.mine().LabelSelector+",chunk=true")
		want := ""
		for _, name := range []string{"a", "b", "c"} {
			want += tr.kubectlName(tr.named("chunk-"+name)) + "\n"
		}
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	})
}

// versionsOfLists adds what concerns resourceVersion and resourceVersionMatch.
func (tr *trial) versionsOfLists() {
	tr.assess("lists of a version", func(ctx context.Context, t *testing.T) {
		label := Field{Path: []string{"metadata", "labels", "version"}, Value: "true"}
		options := tr.mine()
		options.LabelSelector += ",version=true"
		list := func(version string, match metav1.ResourceVersionMatch, limit int64) (*unstructured.UnstructuredList, error) {
			options.ResourceVersion, options.ResourceVersionMatch, options.Limit = version, match, limit
			return tr.objects().List(ctx, options)
		}
		tr.create(ctx, t, "version-a", label)
		before, err := list("", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		old := before.GetResourceVersion()
		tr.create(ctx, t, "version-b", label)
		if err := tr.objects().Delete(ctx, tr.named("version-a"), metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		now, err := list("", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		tr.expectNames(t, "the latest version", now, "version-b")
		if number(t, now.GetResourceVersion()) <= number(t, old) {
			t.Errorf("the list has the resourceVersion %s after %s", now.GetResourceVersion(), old)
		}
		for _, limit := range []int64{0, 500} {
			exact, err := list(old, metav1.ResourceVersionMatchExact, limit)
			if err != nil {
				t.Fatal(err)
			}
			tr.expectNames(t, "exactly the old version", exact, "version-a")
			if exact.GetResourceVersion() != old {
				t.Errorf("exactly %s: the list has the resourceVersion %s", old, exact.GetResourceVersion())
			}
			newer, err := list(now.GetResourceVersion(), metav1.ResourceVersionMatchNotOlderThan, limit)
			if err != nil {
				t.Fatal(err)
			}
			tr.expectNames(t, "not older than now", newer, "version-b")
			if number(t, newer.GetResourceVersion()) < number(t, now.GetResourceVersion()) {
				t.Errorf("not older than %s: the list has the resourceVersion %s", now.GetResourceVersion(), newer.GetResourceVersion())
			}
		}
		// With a limit and no match, a version is exact: what clients of old rely on.
		legacy, err := list(old, "", 500)
		if err != nil {
			t.Fatal(err)
		}
		tr.expectNames(t, "the old version with a limit", legacy, "version-a")
		// Any version may be behind, but not for long.
		for _, match := range []metav1.ResourceVersionMatch{"", metav1.ResourceVersionMatchNotOlderThan} {
			step.Eventually(ctx, t, eventTimeout, "any version to be the latest", func(context.Context) error {
				cached, err := list("0", match, 0)
				if err != nil {
					return err
				}
				if names := namesOf(cached); !slices.Equal(names, []string{tr.named("version-b")}) {
					return fmt.Errorf("it has %v", names)
				}
				return nil
			})
		}
	})
	tr.assess("a version that is none is refused", func(ctx context.Context, t *testing.T) {
		version := tr.version(ctx, t)
		token := ""
		tr.create(ctx, t, "refused-a")
		tr.create(ctx, t, "refused-b")
		if list, err := tr.objects().List(ctx, metav1.ListOptions{Limit: 1}); err != nil {
			t.Fatal(err)
		} else if token = list.GetContinue(); token == "" {
			t.Fatal("the first page of two has no continue token")
		}
		for _, tc := range []struct {
			query map[string]string
			field string
		}{
			{map[string]string{"resourceVersionMatch": "Exact"}, "resourceVersionMatch"},
			{map[string]string{"resourceVersionMatch": "NotOlderThan"}, "resourceVersionMatch"},
			{map[string]string{"resourceVersion": version, "resourceVersionMatch": "Newest"}, "resourceVersionMatch"},
			{map[string]string{"resourceVersion": "0", "resourceVersionMatch": "Exact"}, "resourceVersionMatch"},
			{map[string]string{"resourceVersion": version, "resourceVersionMatch": "Exact", "continue": token}, "resourceVersionMatch"},
			{map[string]string{"sendInitialEvents": "true"}, "sendInitialEvents"},
		} {
			expectInvalid(t, tr.query(ctx, tc.query), tc.field)
		}
		expectRefused(t, tr.query(ctx, map[string]string{"resourceVersion": version, "continue": token}), apierrors.IsBadRequest,
			"specifying resource version is not allowed when using continue")
		for _, garbage := range []string{"garbage", "-1", "1.5"} {
			expectRefused(t, tr.query(ctx, map[string]string{"resourceVersion": garbage}), func(err error) bool {
				return apierrors.IsBadRequest(err) || apierrors.IsInvalid(err)
			})
		}
	})
	tr.assess("a version to come is refused", func(ctx context.Context, t *testing.T) {
		// Not with the dynamic client: it would try ten times more, because the answer asks for that.
		err := tr.query(ctx, map[string]string{
			"resourceVersion":      strconv.FormatUint(number(t, tr.version(ctx, t))*10000, 10),
			"resourceVersionMatch": string(metav1.ResourceVersionMatchNotOlderThan),
		})
		expectRefused(t, err, apierrors.IsTimeout, "Too large resource version")
	})
}

// query lists once, with parameters that clients would not send.
func (tr *trial) query(ctx context.Context, parameters map[string]string) error {
	request := tr.raw(http.MethodGet)
	for name, value := range parameters {
		request.Param(name, value)
	}
	return request.Do(ctx).Error()
}

// expectNames checks which of the trial's objects are in a list, in its order.
func (tr *trial) expectNames(t *testing.T, what string, list *unstructured.UnstructuredList, want ...string) {
	t.Helper()
	named := []string{}
	for _, name := range want {
		named = append(named, tr.named(name))
	}
	if diff := cmp.Diff(named, namesOf(list)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
