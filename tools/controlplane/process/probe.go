package process

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// probeTimeout bounds one probe of a server that accepts and does not answer.
const probeTimeout = 5 * time.Second

// Answers returns a check for Command.Ready: GET url answers 200. The
// configuration says what authority to trust, and what certificate to present.
func Answers(url string, config *tls.Config) func(context.Context) error {
	client := &http.Client{
		Timeout: probeTimeout,
		// One connection per probe: none is left open when the server stops.
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
	}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		if err != nil {
			return fmt.Errorf("reading the answer of %s: %w", url, err)
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s: %s", url, response.Status, strings.TrimSpace(string(body)))
		}
		return nil
	}
}
