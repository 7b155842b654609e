// SPDX-License-Identifier: Apache-2.0

// What a permitted call of gobreaker that succeeds costs a thread: bench THREADS CALLS.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

func main() {
	threads, _ := strconv.Atoi(os.Args[1])
	calls, _ := strconv.Atoi(os.Args[2])
	breaker := gobreaker.NewCircuitBreaker[int](gobreaker.Settings{Name: "bench"})
	succeed := func() (int, error) { return 0, nil }
	took := make([]float64, threads)
	for round := 0; round < 2; round++ { // the first warms up
		var all sync.WaitGroup
		for i := 0; i < threads; i++ {
			all.Add(1)
			go func(i int) {
				defer all.Done()
				start := time.Now()
				for n := 0; n < calls; n++ {
					if _, err := breaker.Execute(succeed); err != nil {
						panic(err)
					}
				}
				took[i] = float64(time.Since(start).Nanoseconds()) / float64(calls)
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
