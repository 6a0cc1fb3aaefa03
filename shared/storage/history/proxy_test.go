package history_test

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy is between a replica and its server, and cuts connections: PostgreSQL's socket, in a directory of its own.
type proxy struct {
	directory string
	server    string
	// mute has the server's answers get lost.
	mute atomic.Bool

	lock  sync.Mutex
	pairs map[net.Conn]net.Conn
}

func newProxy(t testing.TB, server string) *proxy {
	t.Helper()
	p := &proxy{directory: temporary(t), server: server, pairs: map[net.Conn]net.Conn{}}
	listener, err := net.Listen("unix", filepath.Join(p.directory, filepath.Base(server)))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		p.close()
		group.Wait()
	})
	return p
}

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("unix", p.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	p.lock.Lock()
	p.pairs[client] = server
	p.lock.Unlock()
	var group sync.WaitGroup
	for _, way := range []struct {
		from, to net.Conn
		mute     bool
	}{{client, server, false}, {server, client, true}} {
		group.Go(func() {
			to := io.Writer(way.to)
			if way.mute {
				to = lossy{Writer: to, lost: &p.mute}
			}
			_, _ = io.Copy(to, way.from)
			_ = way.to.Close()
			_ = way.from.Close()
		})
	}
	group.Wait()
	p.lock.Lock()
	delete(p.pairs, client)
	p.lock.Unlock()
}

// lossy loses what is written while it is told so.
type lossy struct {
	io.Writer
	lost *atomic.Bool
}

func (l lossy) Write(data []byte) (int, error) {
	if l.lost.Load() {
		return len(data), nil
	}
	return l.Writer.Write(data)
}

// cut has answers get lost for a moment, to requests that the server carries out, and then ends all connections.
func (p *proxy) cut() {
	p.mute.Store(true)
	time.Sleep(10 * time.Millisecond) // As a network does that fails.
	p.close()
	p.mute.Store(false)
}

func (p *proxy) close() {
	p.lock.Lock()
	defer p.lock.Unlock()
	for client, server := range p.pairs {
		_ = errors.Join(client.Close(), server.Close())
	}
}
