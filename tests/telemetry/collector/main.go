// SPDX-License-Identifier: Apache-2.0

// The OTLP receiver of the OpenTelemetry collector, alone: takes traces over HTTP, and writes what
// it understood as lines. "spans {...}" is a batch in the collector's own JSON; "counted NAME N" is
// one of the receiver's counters, written when standard input ends. A consumer behind it can be
// told by lines on standard input to fail: "busy N" lets the next N batches fail for now, which
// the receiver answers by 503, "bad N" for good, which it answers by 400.
//
// Usage: collector ADDRESS:PORT
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type behind struct {
	lock      sync.Mutex
	busy, bad int
	out       *bufio.Writer
}

func (b *behind) line(format string, arguments ...any) {
	fmt.Fprintf(b.out, format+"\n", arguments...)
	b.out.Flush()
}

func (b *behind) consume(_ context.Context, traces ptrace.Traces) error {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.busy > 0 {
		b.busy--
		b.line("busy %d", traces.SpanCount())
		return errors.New("busy, as it was told")
	}
	if b.bad > 0 {
		b.bad--
		b.line("bad %d", traces.SpanCount())
		return consumererror.NewPermanent(status.Error(codes.InvalidArgument, "as it was told"))
	}
	text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	b.line("spans %s", text)
	return nil
}

func (b *behind) listen() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var word string
		var count int
		fmt.Sscan(lines.Text(), &word, &count)
		b.lock.Lock()
		switch word {
		case "busy":
			b.busy = count
		case "bad":
			b.bad = count
		}
		b.line("told %s", word)
		b.lock.Unlock()
	}
}

func start(address string, b *behind) (receiver.Traces, *metric.ManualReader, error) {
	reader := metric.NewManualReader()
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	protocols := confmap.NewFromStringMap(map[string]any{
		"protocols": map[string]any{"http": map[string]any{"endpoint": address}}})
	if err := protocols.Unmarshal(config); err != nil {
		return nil, nil, err
	}
	settings := receiver.Settings{
		ID:                component.NewID(factory.Type()),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
		BuildInfo:         component.NewDefaultBuildInfo(),
	}
	settings.MeterProvider = metric.NewMeterProvider(metric.WithReader(reader))
	next, err := consumer.NewTraces(b.consume)
	if err != nil {
		return nil, nil, err
	}
	traces, err := factory.CreateTraces(context.Background(), settings, config, next)
	if err != nil {
		return nil, nil, err
	}
	return traces, reader, traces.Start(context.Background(), componenttest.NewNopHost())
}

// The receiver's own counters, as a collector exports them of itself.
func (b *behind) count(reader *metric.ManualReader) error {
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		return err
	}
	for _, scope := range all.ScopeMetrics {
		for _, one := range scope.Metrics {
			sum, good := one.Data.(metricdata.Sum[int64])
			if !good {
				continue
			}
			var value int64
			for _, point := range sum.DataPoints {
				value += point.Value
			}
			b.line("counted %s %d", one.Name, value)
		}
	}
	return nil
}

func run(address string) error {
	b := &behind{out: bufio.NewWriter(os.Stdout)}
	traces, reader, err := start(address, b)
	if err != nil {
		return err
	}
	b.line("listens %s", address)
	b.listen()
	if err := traces.Shutdown(context.Background()); err != nil {
		return err
	}
	return b.count(reader)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: collector ADDRESS:PORT")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "collector:", err)
		os.Exit(1)
	}
}
