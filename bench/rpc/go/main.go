// SPDX-License-Identifier: Apache-2.0

// The same port with connect-go and grpc-go: bench SYSTEM serve|call PORT, as ../main.c does it.
// SYSTEM is connect (over HTTP/1.1), connect-h2 or grpc.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"rpcbench/ordersv1"
	"rpcbench/ordersv1/ordersv1connect"
)

const patience = 5 * time.Second

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func sum(in *ordersv1.Order) *ordersv1.Receipt {
	out := &ordersv1.Receipt{Id: in.Id}
	for _, line := range in.Lines {
		out.Cents += line.Cents * int64(line.Quantity)
		out.Items += line.Quantity
	}
	return out
}

type connectServer struct{}

func (connectServer) Place(_ context.Context, in *connect.Request[ordersv1.Order]) (*connect.Response[ordersv1.Receipt], error) {
	return connect.NewResponse(sum(in.Msg)), nil
}

type grpcServer struct{ ordersv1.UnimplementedOrdersServer }

func (grpcServer) Place(_ context.Context, in *ordersv1.Order) (*ordersv1.Receipt, error) {
	return sum(in), nil
}

func serve(system, address string) {
	listener, err := net.Listen("tcp", address)
	must(err)
	if system == "grpc" {
		server := grpc.NewServer()
		ordersv1.RegisterOrdersServer(server, grpcServer{})
		must(server.Serve(listener))
	}
	// By default each reply is compressed, however small; that would be measured.
	path, handler := ordersv1connect.NewOrdersHandler(connectServer{}, connect.WithCompressMinBytes(4096))
	mux := http.NewServeMux()
	mux.Handle(path, handler)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	must((&http.Server{Handler: mux, Protocols: protocols}).Serve(listener))
}

type place func(context.Context, *ordersv1.Order) (*ordersv1.Receipt, error)

func overConnect(address, codec string, transport *http.Transport) place {
	var options []connect.ClientOption
	if codec == "json" {
		options = append(options, connect.WithProtoJSON())
	}
	client := ordersv1connect.NewOrdersClient(&http.Client{Transport: transport}, "http://"+address, options...)
	return func(ctx context.Context, order *ordersv1.Order) (*ordersv1.Receipt, error) {
		receipt, err := client.Place(ctx, connect.NewRequest(order))
		if err != nil {
			return nil, err
		}
		return receipt.Msg, nil
	}
}

// What calls by codec; connections are kept over all plans.
func clients(system, address string) map[string]place {
	if system == "grpc" {
		connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		must(err)
		client := ordersv1.NewOrdersClient(connection)
		return map[string]place{"proto": func(ctx context.Context, order *ordersv1.Order) (*ordersv1.Receipt, error) {
			return client.Place(ctx, order)
		}}
	}
	// The default keeps two idle connections a host, and makes the others anew for each call.
	transport := &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute}
	if system == "connect-h2" {
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	return map[string]place{"proto": overConnect(address, "proto", transport),
		"json": overConnect(address, "json", transport)}
}

func callOn(place place, until time.Time) (times []time.Duration) {
	for number := 0; time.Now().Before(until); number++ {
		quantity := uint32(1 + number%7)
		order := &ordersv1.Order{
			Id:       "0f8fad5b-d9cb-469f-a165-70867728950e",
			Customer: "customer-4711",
			Currency: "EUR",
			Lines: []*ordersv1.Line{
				{Sku: "stone-squared-30", Quantity: 12, Cents: 1999},
				{Sku: "mortar-none-00", Quantity: quantity, Cents: 450},
			},
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		receipt, err := place(ctx, order)
		cancel()
		must(err)
		times = append(times, time.Since(start))
		if receipt.Cents != 12*1999+int64(quantity)*450 {
			must(fmt.Errorf("the receipt is of another order"))
		}
	}
	return times
}

func run(place place, callers int, milliseconds int) (times []time.Duration) {
	var group sync.WaitGroup
	until := time.Now().Add(time.Duration(milliseconds) * time.Millisecond)
	all := make([][]time.Duration, callers)
	for i := range callers {
		group.Go(func() { all[i] = callOn(place, until) })
	}
	group.Wait()
	return slices.Concat(all...)
}

func micro(time time.Duration) float64 { return float64(time.Nanoseconds()) / 1000 }

func call(system, address string) {
	places := clients(system, address)
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var codec string
		var callers, warm, measured int
		_, err := fmt.Sscan(input.Text(), &codec, &callers, &warm, &measured)
		must(err)
		run(places[codec], callers, warm)
		fmt.Println("ready")
		input.Scan()
		times := run(places[codec], callers, measured)
		fmt.Println("done")
		slices.Sort(times)
		fmt.Printf("{\"calls\": %d, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", len(times),
			micro(times[len(times)/2]), micro(times[len(times)*99/100]))
	}
}

func main() {
	system, verb, address := os.Args[1], os.Args[2], "127.0.0.1:"+os.Args[3]
	if verb == "serve" {
		serve(system, address)
	} else {
		call(system, address)
	}
}
