package registry

import "testing"

// Whoever may write a condition's message must not be able to write lines of his own, nor over those of others.
func TestOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\r\nb\nc\rd\ve\ff\u0085g\u2028h\u2029i": "a b c d e f g h i",
		"\x1b[1A\x1b[2Kdeleted\b\b":               " [1A [2Kdeleted  ",
		"Straße ✓":                                "Straße ✓",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
