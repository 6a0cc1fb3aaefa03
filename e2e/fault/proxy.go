package fault

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy passes on connections to a server, whose answers it holds back for a time. It knows nothing of what is said: TLS and
// HTTP/2 go through it.
type Proxy struct {
	target   string
	listener net.Listener
	delay    atomic.Int64 // time.Duration

	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// NewProxy listens on a free port of loopback, for a server at target (host:port). It holds back nothing yet. Close it.
func NewProxy(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for connections to %s: %w", target, err)
	}
	p := &Proxy{target: target, listener: listener}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.done.Go(p.accept)
	return p, nil
}

// Port is where it listens.
func (p *Proxy) Port() int {
	address, ok := p.listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0 // Never: it is a TCP listener.
	}
	return address.Port
}

// Delay holds back what the server sends from now on, each piece for this time. Pieces stay in order, and one does not wait
// for the time of another.
func (p *Proxy) Delay(delay time.Duration) { p.delay.Store(int64(delay)) }

// Close ends all connections, and returns when nothing is left of them.
func (p *Proxy) Close() error {
	p.cancel()
	err := p.listener.Close()
	p.done.Wait()
	if err != nil {
		return fmt.Errorf("closing the proxy for %s: %w", p.target, err)
	}
	return nil
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // Closed.
		}
		p.done.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	server, err := new(net.Dialer).DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		_ = client.Close() // As the server's machine would refuse it.
		return
	}
	ctx, end := context.WithCancel(p.ctx)
	defer end()
	context.AfterFunc(ctx, func() {
		_ = client.Close()
		_ = server.Close()
	})
	pieces := make(chan piece, 1024)
	var all sync.WaitGroup
	for _, part := range []func(){
		func() { _, _ = io.Copy(server, client) },
		func() { p.take(ctx, server, pieces) },
		func() { give(ctx, client, pieces) },
	} {
		all.Go(func() {
			part()
			end() // The other parts end, too.
		})
	}
	all.Wait()
}

// piece is what one read returned, and when it is to be written.
type piece struct {
	data []byte
	due  time.Time
}

// take reads pieces until the connection ends. The last ones are lost, as in a network.
func (p *Proxy) take(ctx context.Context, from io.Reader, pieces chan<- piece) {
	for {
		buffer := make([]byte, 32<<10)
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case pieces <- piece{buffer[:n], time.Now().Add(time.Duration(p.delay.Load()))}:
		case <-ctx.Done():
			return
		}
	}
}

// give writes pieces when they are due.
func give(ctx context.Context, to io.Writer, pieces <-chan piece) {
	for {
		select {
		case next := <-pieces:
			select {
			case <-time.After(time.Until(next.due)):
			case <-ctx.Done():
				return
			}
			if _, err := to.Write(next.data); err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
