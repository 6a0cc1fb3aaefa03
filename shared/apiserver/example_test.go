package apiserver_test

import (
	"context"
	"fmt"
	"net"
	"os"

	"example.com/annex/shared/apiserver"
)

// A server's whole main.
func ExampleRun() {
	os.Exit(apiserver.Run(wardleDefinition()))
}

// A server inside another program, on a listener of that program's.
func ExampleOptions() {
	serve := func(ctx context.Context, listener net.Listener) error {
		options, err := apiserver.NewOptions(wardleDefinition())
		if err != nil {
			return err
		}
		if err := options.Parse([]string{"--kubeconfig=admin.kubeconfig", "--etcd-servers=http://127.0.0.1:2379"}); err != nil {
			return err
		}
		options.SecureServing.Listener = listener
		server, err := options.Server()
		if err != nil {
			return err
		}
		return server.Run(ctx)
	}
	_ = serve
}

// Everything that is wrong with a command line is reported at once.
func ExampleOptions_Parse() {
	options, err := apiserver.NewOptions(wardleDefinition())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(options.Parse([]string{"--etcd-server=http://127.0.0.1:2379", "--profiling=maybe"}))
	// Output:
	// --etcd-server: unknown flag; did you mean --etcd-servers?
	// --profiling="maybe": strconv.ParseBool: parsing "maybe": invalid syntax; want a bool: Enable profiling via web interface host:port/debug/pprof/
}
