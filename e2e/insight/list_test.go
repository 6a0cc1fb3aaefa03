package insight_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
)

// list lists: what is selected, what is promised, and what kubectl prints.
func list() *features.FeatureBuilder {
	s, f := about("lists of usages")
	var a, b string
	return f.
		Assess("selectors", step.Do(func(ctx context.Context, t *testing.T) {
			a, b = s.site(ctx, t, "a", topologyv1.AllocateByPriority), s.site(ctx, t, "b", topologyv1.AllocateByAge)
			s.reserve(ctx, t, s.Namespace, "one", a, capacityv1.PriorityNormal, 5, 4)
			step.Eventually(ctx, t, followTimeout, "the usage of both sites", func(ctx context.Context) error {
				list, err := s.clients.InsightV1().SiteUsages().List(ctx, s.mine())
				if err != nil {
					return err
				}
				if len(list.Items) != 2 || list.Items[0].Reservations.Bound != 4 || list.Items[0].Phase != "Online" || list.Items[1].Phase != "Online" {
					return fmt.Errorf("got %+v", list.Items)
				}
				return nil
			})
			for selector, want := range map[string][]string{
				"region=" + s.Namespace:                    {a, b},
				"region=" + s.Namespace + ",phase=Online":  {a, b},
				"region=" + s.Namespace + ",phase!=Online": nil,
				"metadata.name=" + b:                       {b},
			} {
				list, err := s.clients.InsightV1().SiteUsages().List(ctx, metav1.ListOptions{FieldSelector: selector})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, item := range list.Items {
					got = append(got, item.Name)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", selector, diff)
				}
			}
			_, err := s.clients.InsightV1().SiteUsages().List(ctx, metav1.ListOptions{FieldSelector: "slots.free=1"})
			refused(t, err, apierrors.IsBadRequest, "slots.free", "region")
		})).
		Assess("a list is whole, and has no version", step.Do(func(ctx context.Context, t *testing.T) {
			limited := s.mine()
			limited.Limit = 1
			list, err := s.clients.InsightV1().SiteUsages().List(ctx, limited)
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Items) != 2 || list.Continue != "" || list.RemainingItemCount != nil || list.ResourceVersion != "" {
				t.Errorf("got %d items and %+v", len(list.Items), list.ListMeta)
			}
			_, err = s.clients.InsightV1().SiteUsages().List(ctx, metav1.ListOptions{Continue: "abc"})
			refused(t, err, apierrors.IsBadRequest, "continue")
			_, err = s.clients.InsightV1().SiteUsages().List(ctx, metav1.ListOptions{ResourceVersion: "12", ResourceVersionMatch: metav1.ResourceVersionMatchExact})
			refused(t, err, apierrors.IsBadRequest, "resourceVersion")
			_, err = s.clients.InsightV1().SiteUsages().Get(ctx, a, metav1.GetOptions{ResourceVersion: "12"})
			refused(t, err, apierrors.IsBadRequest, "resourceVersion")
			if _, err := s.clients.InsightV1().SiteUsages().List(ctx, metav1.ListOptions{ResourceVersion: "0"}); err != nil {
				t.Errorf("resourceVersion=0, which asks for any: %v", err)
			}
		})).
		Assess("kubectl get prints a table", step.Do(func(ctx context.Context, t *testing.T) {
			for output, want := range map[string][]string{
				"":     {"NAME REGION PHASE SLOTS REQUESTED BOUND FREE AGE", a + " " + s.Namespace + " Online 10 5 4 4", b + " " + s.Namespace + " Online 10 0 0 8"},
				"wide": {"NAME REGION PHASE SLOTS REQUESTED BOUND FREE RESERVED RESERVATIONS AGE", a + " " + s.Namespace + " Online 10 5 4 4 2 1", b + " " + s.Namespace + " Online 10 0 0 8 2 0"},
			} {
				lines := strings.Split(strings.TrimSpace(s.Kubectl(ctx, t, "get", "siteusages", "--selector="+s.mine().LabelSelector, "--output="+output)), "\n")
				var got []string
				for i, line := range lines {
					words := strings.Fields(line)
					if i > 0 {
						words = words[:max(0, len(words)-1)] // The age.
					}
					got = append(got, strings.Join(words, " "))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("kubectl get --output=%q (-want +got):\n%s", output, diff)
				}
			}
		})).
		Assess("kubectl knows its names", step.Do(func(ctx context.Context, t *testing.T) {
			for _, name := range []string{"siteusages", "siteusage", "su", "annex"} {
				out := s.Kubectl(ctx, t, "get", name, "--output=name")
				if want := "siteusage.insight.example.com/" + a; !slices.Contains(strings.Fields(out), want) {
					t.Errorf("kubectl get %s: got %q, want %s", name, out, want)
				}
			}
			if out := s.Kubectl(ctx, t, "describe", "siteusage", a); !strings.Contains(out, "Requested:") {
				t.Errorf("kubectl describe: got %s", out)
			}
		}))
}

// noWatch tries every way to ask for a watch. A client that got one, and no
// bookmark at the end of the initial events, would wait for good.
func noWatch() *features.FeatureBuilder {
	s, f := about("usages can't be watched")
	usages := gv.WithResource("siteusages")
	return f.
		Assess("watch is refused", step.Do(func(ctx context.Context, t *testing.T) {
			for name, options := range map[string]metav1.ListOptions{
				"watch":        {},
				"watch of one": {FieldSelector: "metadata.name=a"},
				"watch with initial events": {
					SendInitialEvents: ptr.To(true), ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true,
				},
			} {
				w, err := s.Dynamic.Resource(usages).Watch(ctx, options)
				if err == nil {
					w.Stop()
				}
				t.Log(name)
				refused(t, err, apierrors.IsMethodNotSupported, "watch is not supported", "siteusages.insight.example.com")
			}
		})).
		Assess("a list takes no sendInitialEvents", step.Do(func(ctx context.Context, t *testing.T) {
			err := s.clients.InsightV1().RESTClient().Get().Resource(usages.Resource).Param("sendInitialEvents", "true").Do(ctx).Error()
			refused(t, err, apierrors.IsInvalid, "sendInitialEvents")
		})).
		Assess("the path of old watches is not there", step.Do(func(ctx context.Context, t *testing.T) {
			err := s.clients.InsightV1().RESTClient().Get().AbsPath("apis", gv.Group, gv.Version, "watch", usages.Resource).Do(ctx).Error()
			refused(t, err, apierrors.IsNotFound)
		})).
		Assess("kubectl get --watch says so", step.Do(func(ctx context.Context, t *testing.T) {
			_, err := s.TryKubectl(ctx, t, "get", "siteusages", "--watch")
			if err == nil || !strings.Contains(err.Error(), "MethodNotAllowed") {
				t.Errorf("got %v, want an error that says why", err)
			}
		}))
}

// refused checks that an error is of a kind and mentions the texts.
func refused(t *testing.T, err error, is func(error) bool, texts ...string) {
	t.Helper()
	if err == nil || !is(err) {
		t.Errorf("got %v (%s), which is not the refusal that is wanted", err, apierrors.ReasonForError(err))
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the message does not mention %q: %v", text, err)
		}
	}
}
