package tables

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTables(t *testing.T) {
	t.Parallel()
	logs := filepath.Join(t.TempDir(), "testlogs")
	for name, text := range map[string]string{
		"e2e/a/a_test/test.log":                         "ok",
		"e2e/a/a_test/test.outputs/conformance.txt":     "AREA of a\n",
		"e2e/b/b_test/test.log":                         "ok, and no table",
		"e2e/old/old_test/test.outputs/conformance.txt": "AREA of a test that did not run\n",
	} {
		file := filepath.Join(logs, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ran := func(format, test string) string {
		return fmt.Sprintf(format, "file://"+filepath.Join(logs, test, "test.log"))
	}
	const asText, asJSON = "test_action_output {\n  name: \"test.log\"\n  uri: %q\n}\n", `{"testActionOutput":[{"name":"test.log","uri":%q}]}` + "\n"
	const table = "\n//e2e/a/a_test\n\nAREA of a\n"
	for name, tc := range map[string]struct{ events, want string }{
		"tests that ran":         {ran(asText, "e2e/a/a_test") + ran(asText, "e2e/b/b_test"), table},
		"as JSON":                {ran(asJSON, "e2e/a/a_test"), table},
		"one in two events":      {ran(asText, "e2e/a/a_test") + ran(asText, "e2e/a/a_test"), table},
		"outputs that are gone":  {ran(asText, "e2e/gone/gone_test"), ""},
		"outputs far away":       {`uri: "bytestream://cache.example.com/test.log"`, ""},
		"nothing could be built": {"aborted {\n}\n", ""},
		"no events":              {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := filepath.Join(t.TempDir(), "events")
			if err := os.WriteFile(events, []byte(tc.events), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("./tables.sh", events).CombinedOutput()
			if err != nil || string(out) != tc.want {
				t.Errorf("got %q, %v, want %q", out, err, tc.want)
			}
		})
	}
	if out, err := exec.Command("./tables.sh").CombinedOutput(); err == nil || !strings.Contains(string(out), "the file of events") {
		t.Errorf("without a file: %q, %v", out, err)
	}
}
