package conformance

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// surplus is a body with fields that the server can't take, and what it says about that.
type surplus struct {
	name string
	body []byte
	says string
}

// surpluses are bodies of a new object with fields that no kind has, and with a field that is there twice.
func (tr *trial) surpluses(t *testing.T, name string) []surplus {
	t.Helper()
	sample := tr.sample(t, name)
	valid, err := sample.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	valid = bytes.TrimSpace(valid)
	bodies := []surplus{
		{"a field that is there twice", append([]byte(`{"kind":"`+tr.Kind+`",`), valid[1:]...), `duplicate field "kind"`},
	}
	if !tr.takesUnknown("") {
		bodies = append(bodies, surplus{"an unknown field", append([]byte(`{"noSuchField":"x",`), valid[1:]...), `unknown field "noSuchField"`})
	}
	if _, ok := sample.Object["spec"].(map[string]any); ok && !tr.takesUnknown("spec") {
		nested := Field{Path: []string{"spec", "noSuchField"}, Value: "x"}
		nested.Set(t, sample)
		body, err := sample.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, surplus{"an unknown field of the specification", body, `unknown field "spec.noSuchField"`})
	}
	return bodies
}

// takesUnknown says whether an object, or its specification, takes fields that nobody has declared.
func (r Resource) takesUnknown(path string) bool {
	return slices.Contains(r.AcceptsUnknown, "") || slices.Contains(r.AcceptsUnknown, path)
}

// warnings collects the warnings of answers.
type warnings struct {
	mu   sync.Mutex
	said []string
}

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, text)
}

// mention says whether a warning has the text.
func (w *warnings) mention(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.said, func(said string) bool { return strings.Contains(said, text) })
}

// fieldValidation tries each value of the parameter with each verb that takes a body.
func (tr *trial) fieldValidation() {
	send := func(ctx context.Context, t *testing.T, method, contentType, validation string, body []byte, parts ...string) (*warnings, error) {
		t.Helper()
		warned := &warnings{}
		request := tr.raw(method, parts...).WarningHandler(warned).SetHeader("Content-Type", contentType).Param("dryRun", metav1.DryRunAll).Body(body)
		if contentType == string(types.ApplyYAMLPatchType) {
			request.Param("fieldManager", "e2e")
		}
		if validation != "" {
			request.Param("fieldValidation", validation)
		}
		return warned, request.Do(ctx).Error()
	}
	check := func(ctx context.Context, t *testing.T, says, method, contentType string, body []byte, parts ...string) {
		t.Helper()
		for _, validation := range []string{"", metav1.FieldValidationIgnore, metav1.FieldValidationWarn, metav1.FieldValidationStrict} {
			warned, err := send(ctx, t, method, contentType, validation, body, parts...)
			if validation == metav1.FieldValidationStrict {
				refused := apierrors.IsBadRequest
				if method == http.MethodPatch {
					refused = apierrors.IsInvalid
				}
				expectRefused(t, err, refused, "strict decoding error", says)
				continue
			}
			if err != nil {
				t.Errorf("%s with fieldValidation=%s: %v", method, validation, err)
				continue
			}
			// A server warns unless it is asked not to.
			if got, want := warned.mention(says), validation != metav1.FieldValidationIgnore; got != want {
				t.Errorf("%s with fieldValidation=%s: warned about it: %t, want %t: %q", method, validation, got, want, warned.said)
			}
		}
	}
	tr.assess("create with fields that nobody knows", func(ctx context.Context, t *testing.T) {
		for _, surplus := range tr.surpluses(t, "surplus") {
			check(ctx, t, surplus.says, http.MethodPost, "application/json", surplus.body)
		}
		_, err := send(ctx, t, http.MethodPost, "application/json", "Sometimes", encode(t, tr.sample(t, "surplus")))
		expectInvalid(t, err, "fieldValidation")
	})
	if tr.Can("create", "get", "update", "patch") {
		tr.assess("update and patch with fields that nobody knows", func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, "changed")
			for _, surplus := range tr.surpluses(t, "changed") {
				body := bytes.Replace(surplus.body, []byte(`"metadata":{`), fmt.Appendf(nil, `"metadata":{"resourceVersion":%q,`, object.GetResourceVersion()), 1)
				check(ctx, t, surplus.says, http.MethodPut, "application/json", body, object.GetName())
			}
			if tr.takesUnknown("") {
				return
			}
			unknown := `unknown field "noSuchField"`
			check(ctx, t, unknown, http.MethodPatch, string(types.MergePatchType), []byte(`{"noSuchField":"x"}`), object.GetName())
			check(ctx, t, unknown, http.MethodPatch, string(types.JSONPatchType), []byte(`[{"op":"add","path":"/noSuchField","value":"x"}]`), object.GetName())
			if tr.StrategicMerge {
				check(ctx, t, unknown, http.MethodPatch, string(types.StrategicMergePatchType), []byte(`{"noSuchField":"x"}`), object.GetName())
			}
		})
		tr.assess("apply with fields that nobody knows", func(ctx context.Context, t *testing.T) {
			// Apply knows the types of all fields, or can't merge them.
			for _, surplus := range tr.surpluses(t, "applied") {
				if strings.HasPrefix(surplus.says, "unknown") {
					_, err := send(ctx, t, http.MethodPatch, string(types.ApplyYAMLPatchType), metav1.FieldValidationStrict, surplus.body, tr.named("applied"))
					if err == nil || !strings.Contains(err.Error(), "noSuchField") {
						t.Errorf("%s: got %v, want a refusal that names it", surplus.name, err)
					}
				}
			}
		})
	}
	if tr.takesUnknown("") {
		return
	}
	tr.assess("kubectl create --validate", func(ctx context.Context, t *testing.T) {
		file := filepath.Join(t.TempDir(), "object.json")
		surplus := tr.surpluses(t, "validated")[1] // That with an unknown field.
		if err := os.WriteFile(file, surplus.body, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := tr.TryKubectl(ctx, t, "create", "--validate=strict", "--dry-run=server", "-f", file); err == nil || !strings.Contains(err.Error(), surplus.says) {
			t.Errorf("--validate=strict: got %v, want %s", err, surplus.says)
		}
		tr.Kubectl(ctx, t, "create", "--validate=ignore", "--dry-run=server", "-f", file)
	})
}
