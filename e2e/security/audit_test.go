package security_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/client-go/rest"

	"example.com/annex/e2e/step"
	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/client/clientset/versioned"
)

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  resources: [{group: capacity.example.com}]
- level: None
`

// TestAuditHasTheOriginalUser: the server's audit log names whoever asked kube-apiserver, with uid, groups and extra, be it by a
// certificate of his own or by impersonation; and never the front proxy, nor what a caller says of himself.
func TestAuditHasTheOriginalUser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	policy, log := filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "audit.log")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, "--audit-policy-file="+policy, "--audit-log-path="+log)
	c.allow(t, rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: "captains"})

	himself, err := c.ConfigFor("jane", "captains")
	if err != nil {
		t.Fatal(err)
	}
	impersonated := c.RESTConfig()
	impersonated.Impersonate = rest.ImpersonationConfig{
		UserName: "john", UID: "4711", Groups: []string{"captains", "Crew of the Ærø"},
		Extra: map[string][]string{"ships.example.com/Decks %2F": {"upper", "lower, aft"}},
	}
	for user, config := range map[string]*rest.Config{"jane": himself, "john": impersonated} {
		client, err := versioned.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		// kube-apiserver hears of roles by its own watch, and the server asks it.
		step.Eventually(t.Context(), t, time.Minute, user+" to be allowed", func(ctx context.Context) error {
			_, err := client.CapacityV1().Reservations("default").Create(ctx, &capacityv1.Reservation{
				ObjectMeta: metav1.ObjectMeta{Name: "of-" + user}, Spec: capacityv1.ReservationSpec{SiteName: "ams-1", Slots: 1},
			}, metav1.CreateOptions{})
			return err
		})
	}
	if got := c.ask(t.Context(), request{method: http.MethodGet, path: reservations + "/forged", headers: http.Header{
		"X-Remote-User": {"root"}, "X-Remote-Group": {"system:masters"}, "X-Remote-Uid": {"0"}, "X-Remote-Extra-A": {"b"},
	}}); got.status != http.StatusForbidden {
		t.Errorf("forged headers: status %d, %v", got.status, got.err)
	}

	event := func(name string) auditv1.Event {
		t.Helper()
		var found auditv1.Event
		step.Eventually(t.Context(), t, time.Minute, "an audit event about "+name, func(context.Context) error {
			content, err := os.ReadFile(log)
			if err != nil {
				return err
			}
			for line := range bytes.Lines(content) {
				var event auditv1.Event
				if err := json.Unmarshal(line, &event); err != nil {
					return err
				}
				if strings.Contains(event.User.Username, "front-proxy") {
					t.Errorf("the front proxy is taken for a user: %s", line)
				}
				// Whoever may create was refused until his role was known.
				refused := event.ResponseStatus != nil && event.ResponseStatus.Code == http.StatusForbidden
				if event.ObjectRef != nil && event.ObjectRef.Name == name && refused == (name == "forged") {
					found = event
					return nil
				}
			}
			return errors.New("there is none")
		})
		return found
	}
	for name, want := range map[string]struct {
		user, uid string
		groups    []string
		extra     map[string][]string
	}{
		"of-jane": {"jane", "", []string{"captains", "system:authenticated"}, nil},
		"of-john": {"john", "4711", []string{"captains", "Crew of the Ærø", "system:authenticated"}, impersonated.Impersonate.Extra},
		"forged":  {"system:anonymous", "", []string{"system:unauthenticated"}, nil},
	} {
		got := event(name).User
		if got.Username != want.user || got.UID != want.uid || !slices.Equal(got.Groups, want.groups) {
			t.Errorf("%s: the event has user %q, uid %q, groups %q; want %q, %q, %q", name, got.Username, got.UID, got.Groups, want.user, want.uid, want.groups)
		}
		for key, values := range want.extra {
			// Keys are in lower case: header names are (k8s.io/api/authentication/v1, UserInfo.Extra).
			if !slices.Equal(got.Extra[strings.ToLower(key)], values) {
				t.Errorf("%s: extra has %q, want %q: %q", name, got.Extra, key, values)
			}
		}
		if want.extra == nil && name == "forged" && len(got.Extra) > 0 {
			t.Errorf("%s: extra has %q, want none", name, got.Extra)
		}
	}
}
