package layer_test

import (
	"encoding/json"
	"testing"

	"example.com/annex/tools/image/layer"
)

func TestMode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]layer.Mode{`"0644"`: 0o644, `"755"`: 0o755, `"01777"`: 0o1777, `"0"`: 0} {
		var got layer.Mode
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s is read as %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{`""`, `"0999"`, `"10000"`, `"-1"`, `"rwx"`} {
		var got layer.Mode
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s is read as %s, want an error", text, got)
		}
	}
	if text, err := json.Marshal(layer.Mode(0o1777)); err != nil || string(text) != `"01777"` {
		t.Errorf("01777 is written as %s, %v", text, err)
	}
}
