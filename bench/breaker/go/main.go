// SPDX-License-Identifier: Apache-2.0

// What a permitted call of gobreaker that succeeds costs a thread: bench THREADS CALLS.
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Calls that are timed at once; the median counts.
const piece = 10000

func main() {
	threads, _ := strconv.Atoi(os.Args[1])
	calls, _ := strconv.Atoi(os.Args[2])
	breaker := gobreaker.NewCircuitBreaker[int](gobreaker.Settings{Name: "bench"})
	succeed := func() (int, error) { return 0, nil }
	took := make([]float64, threads)
	for round := 0; round < 2; round++ { // the first warms up
		var all sync.WaitGroup
		var arrived atomic.Int64 // threads begin each piece together
		for i := 0; i < threads; i++ {
			all.Add(1)
			go func(i int) {
				defer all.Done()
				pieces := make([]int64, calls/piece)
				for p := range pieces {
					arrived.Add(1)
					for arrived.Load() < int64((p+1)*threads) {
					}
					start := time.Now()
					for n := 0; n < piece; n++ {
						if _, err := breaker.Execute(succeed); err != nil {
							panic(err)
						}
					}
					pieces[p] = time.Since(start).Nanoseconds()
				}
				sort.Slice(pieces, func(a, b int) bool { return pieces[a] < pieces[b] })
				took[i] = float64(pieces[len(pieces)/2]) / piece
			}(i)
		}
		all.Wait()
	}
	sum := 0.0
	for _, one := range took {
		sum += one
	}
	fmt.Printf("{\"gobreaker\": %.2f}\n", sum/float64(threads))
}
