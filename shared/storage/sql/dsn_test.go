package sql

import (
	"strings"
	"testing"
)

func TestParseDSNKeepsPasswords(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	for dsn, want := range map[string]string{
		"postgres://annex:" + secret + "/x@host/db":         "percent-encode",
		"postgres://annex:" + secret + "%zz@host/db":        "percent-encode",
		"postgres://annex@" + secret + ":x@host:5432/db":    "percent-encode",
		"host=/x password='" + secret:                       "percent-encode",
		"host=/x password=a " + secret:                      "percent-encode",
		"host=x password=" + secret + " sslmode=unheard":    "sslmode is invalid",
		"host=/x password=" + secret + " connect_timeout=x": "invalid connect_timeout",
	} {
		_, err := parseDSN(dsn)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want an error with %q and without the password", dsn, err, want)
		}
	}
	config, err := parseDSN("postgres://annex:" + secret + "@host/db")
	if err != nil || config.Password != secret {
		t.Errorf("got %v, %v", config, err)
	}
}
