package fieldnumbers

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const before = `
		message Spec {
			optional string site = 1;
			repeated .k8s.io.api.core.v1.Pod pods = 2;
			map<string, int32> slots = 3;
		}
		message Status { optional string phase = 1; }`
	for name, tc := range map[string]struct {
		after string
		want  []string
	}{
		"the same":          {after: before},
		"another order":     {after: `message Status { optional string phase = 1; } message Spec { repeated string pods = 2; optional string site = 1; }`},
		"a new field":       {after: before + `message Other { optional string site = 9; }`},
		"a field is gone":   {after: `message Spec { optional string site = 1; optional string new = 4; }`},
		"a number changed":  {after: `message Spec { optional string site = 4; }`, want: []string{"Spec.site has the number 4, and had 1"}},
		"a number went on":  {after: `message Spec { optional string region = 3; }`, want: []string{"Spec.region has the number 3, which was that of slots"}},
		"fields swapped":    {after: `message Spec { repeated string pods = 1; optional string site = 2; }`, want: []string{"Spec.pods has the number 1, and had 2", "which was that of site", "Spec.site has the number 2, and had 1", "which was that of pods"}},
		"nothing was there": {after: ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const head = "syntax = \"proto2\";\npackage a;\n"
			err := Check("a/generated.proto", []byte(head+before), []byte(head+tc.after))
			if (err != nil) != (len(tc.want) > 0) {
				t.Fatalf("got %v, want an error: %t", err, len(tc.want) > 0)
			}
			for _, want := range append(tc.want, "a/generated.proto") {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not stand in: %v", want, err)
				}
			}
		})
	}
}

func TestCheckOfWhatIsNoProtoFile(t *testing.T) {
	t.Parallel()
	if err := Check("a.proto", []byte("message {"), nil); err == nil || !strings.Contains(err.Error(), "a.proto:1:") {
		t.Errorf("got %v, want an error that names the place", err)
	}
}
