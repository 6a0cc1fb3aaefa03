package engine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// ping asks Docker whether it is ready: GET /_ping of its API.
func ping(socket string) error {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	response, err := client.Get("http://docker/_ping")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("docker answers %s", response.Status)
	}
	return nil
}
