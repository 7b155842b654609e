// SPDX-License-Identifier: Apache-2.0

// River's side of bench/events/run: bench setup|publish|work URL [EVENTS MODE CONNECTIONS]
//
// "batch" has the settings of River's own benchmark (cmd/river/riverbench), but looks more often;
// "one" fetches as often as the client can be told to, for its default of ten times a second would
// measure the pause.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

type args struct {
	OrderID string `json:"order_id"`
	Cents   int    `json:"cents"`
}

func (args) Kind() string { return "handle" }

type worker struct {
	river.WorkerDefaults[args]
	done  *atomic.Int64
	start *atomic.Int64
	n     int64
	end   chan struct{}
}

func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	d := w.done.Add(1)
	if d == 1 {
		w.start.Store(time.Now().UnixNano())
	}
	if d == w.n {
		close(w.end)
	}
	return nil
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func say(start, end int64) {
	out, _ := json.Marshal(map[string]float64{"start": float64(start) / 1e9, "end": float64(end) / 1e9})
	fmt.Println(string(out))
}

func main() {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(os.Args[2])
	check(err)
	n, c, mode := 0, 4, "one"
	if len(os.Args) > 5 {
		n, _ = strconv.Atoi(os.Args[3])
		mode = os.Args[4]
		c, _ = strconv.Atoi(os.Args[5])
	}
	config.MaxConns = int32(c + 4)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	check(err)
	driver := riverpgxv5.New(pool)
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	switch os.Args[1] {
	case "setup":
		migrator, err := rivermigrate.New(driver, nil)
		check(err)
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		check(err)
	case "publish":
		client, err := river.NewClient(driver, &river.Config{Logger: logger})
		check(err)
		var warm, group sync.WaitGroup
		for i := 0; i < c; i++ {
			warm.Add(1)
			go func() { defer warm.Done(); pool.Exec(ctx, "select pg_sleep(0.02)") }()
		}
		warm.Wait()
		per := 1
		if mode == "batch" {
			per = 1000
		}
		var next atomic.Int64
		start := time.Now().UnixNano()
		for i := 0; i < c; i++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for {
					at := int(next.Add(int64(per))) - per
					if at >= n {
						return
					}
					size := min(per, n-at)
					if per == 1 {
						_, err := client.Insert(ctx, args{"order-000000", 4200}, nil)
						check(err)
						continue
					}
					params := make([]river.InsertManyParams, size)
					for j := range params {
						params[j] = river.InsertManyParams{Args: args{"order-000000", 4200}}
					}
					_, err := client.InsertManyFast(ctx, params)
					check(err)
				}
			}()
		}
		group.Wait()
		say(start, time.Now().UnixNano())
	case "work":
		workers := river.NewWorkers()
		w := &worker{done: &atomic.Int64{}, start: &atomic.Int64{}, n: int64(n), end: make(chan struct{})}
		river.AddWorker(workers, w)
		settings := &river.Config{Logger: logger, Workers: workers,
			Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: c}}}
		if mode == "batch" {
			settings.FetchCooldown = 2 * time.Millisecond
			settings.FetchPollInterval = 5 * time.Millisecond
			settings.Queues[river.QueueDefault] = river.QueueConfig{MaxWorkers: 2000}
		} else {
			settings.FetchCooldown = time.Millisecond
			settings.FetchPollInterval = 5 * time.Millisecond
		}
		client, err := river.NewClient(driver, settings)
		check(err)
		check(client.Start(ctx))
		fmt.Println("ready")
		<-w.end
		for {
			var left int
			check(pool.QueryRow(ctx, "select count(*) from river_job where state <> 'completed'").Scan(&left))
			if left == 0 {
				break
			}
		}
		say(w.start.Load(), time.Now().UnixNano())
		client.Stop(ctx)
	}
	pool.Close()
}
