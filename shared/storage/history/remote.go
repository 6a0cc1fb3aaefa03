package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Handler serves a replica to a [Remote] one, in another process that can be killed: JSON over HTTP.
func Handler(replica Replica) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /do", func(w http.ResponseWriter, r *http.Request) {
		var request Request
		if decode(w, r, &request) {
			_ = json.NewEncoder(w).Encode(replica.Do(r.Context(), request))
		}
	})
	mux.HandleFunc("POST /watch", func(w http.ResponseWriter, r *http.Request) {
		var request WatchRequest
		if !decode(w, r, &request) {
			return
		}
		events, err := replica.Watch(r.Context(), request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		flusher := http.NewResponseController(w)
		encoder := json.NewEncoder(w)
		_ = flusher.Flush()
		for e := range events {
			if encoder.Encode(e) != nil || flusher.Flush() != nil {
				return
			}
		}
	})
	mux.HandleFunc("POST /compact", func(w http.ResponseWriter, r *http.Request) {
		var revision uint64
		if !decode(w, r, &revision) {
			return
		}
		if err := replica.Compact(r.Context(), revision); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	return mux
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(r.Body).Decode(into)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return err == nil
}

// Remote is a replica that another process serves with [Handler]: on a Unix socket, below a path such as /one.
func Remote(socket, at string) Replica {
	return &remote{at: at, client: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 100,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}}
}

type remote struct {
	at     string
	client *http.Client
}

func (r *remote) Do(ctx context.Context, request Request) (response Response) {
	body, err := r.post(ctx, "do", request)
	if err == nil {
		defer func() { _ = body.Close() }()
		err = json.NewDecoder(body).Decode(&response)
	}
	if err != nil {
		return Response{Outcome: Unknown, Error: err.Error()}
	}
	return response
}

func (r *remote) Watch(ctx context.Context, request WatchRequest) (<-chan Event, error) {
	body, err := r.post(ctx, "watch", request)
	if err != nil {
		return nil, err
	}
	events := make(chan Event)
	go func() {
		defer close(events)
		defer func() { _ = body.Close() }()
		for decoder := json.NewDecoder(body); ; {
			var e Event
			if decoder.Decode(&e) != nil {
				return
			}
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, nil
}

func (r *remote) Compact(ctx context.Context, revision uint64) error {
	body, err := r.post(ctx, "compact", revision)
	if err != nil {
		return fmt.Errorf("compacting: %w", err)
	}
	return body.Close()
}

func (r *remote) post(ctx context.Context, what string, content any) (io.ReadCloser, error) {
	data, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://replica"+r.at+"/"+what, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		message, err := io.ReadAll(response.Body)
		return nil, errors.Join(fmt.Errorf("the replica says %s: %s", response.Status, strings.TrimSpace(string(message))), err, response.Body.Close())
	}
	return response.Body, nil
}
