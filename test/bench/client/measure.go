package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// figures is what a run prints: durations in seconds or milliseconds, as the names say.
type figures struct {
	Ops              int64     `json:"ops"`
	Bytes            int64     `json:"bytes"`
	Seconds          float64   `json:"seconds"`
	LatencyMs        latencies `json:"latencyMs"`
	ClientCPUSeconds float64   `json:"clientCpuSeconds"`
	Checked          string    `json:"checked"`
}

type latencies struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// load is work that is repeated, numbered over all workers, until the time or the count is over.
type load struct {
	workers int
	// first is the first number.
	first   int64
	seconds float64
	// count is the most operations; 0 is no limit.
	count int64
	// atLeast goes on after the time until so many are begun, but not beyond ten times the time.
	atLeast int64
	// do carries out one operation and says how many bytes of content it moved.
	do func(worker int, number int64) (int64, error)
}

// run carries out the load and measures it. An operation that runs when the time is over is finished and counted.
func (l load) run() (figures, error) {
	type share struct {
		took  []time.Duration
		bytes int64
		err   error
	}
	shares := make([]share, l.workers)
	var next atomic.Int64
	var failed atomic.Bool
	var group sync.WaitGroup
	cpuBefore := cpuSeconds()
	began := time.Now()
	goesOn := func() bool {
		passed := time.Since(began).Seconds()
		return l.seconds == 0 || passed < l.seconds || next.Load() < l.atLeast && passed < 10*l.seconds
	}
	for worker := range l.workers {
		group.Go(func() {
			mine := &shares[worker]
			for !failed.Load() && goesOn() {
				number := next.Add(1) - 1
				if l.count > 0 && number >= l.count {
					return
				}
				number += l.first
				start := time.Now()
				moved, err := l.do(worker, number)
				if err != nil {
					mine.err = err
					failed.Store(true)
					return
				}
				mine.took = append(mine.took, time.Since(start))
				mine.bytes += moved
			}
		})
	}
	group.Wait()
	result := figures{Seconds: time.Since(began).Seconds(), ClientCPUSeconds: cpuSeconds() - cpuBefore}
	var all []time.Duration
	for _, each := range shares {
		if each.err != nil {
			return result, each.err
		}
		all = append(all, each.took...)
		result.Bytes += each.bytes
	}
	result.Ops = int64(len(all))
	if result.Ops == 0 {
		return result, fmt.Errorf("nothing was done in %.1f s", result.Seconds)
	}
	result.LatencyMs = summarise(all)
	return result, nil
}

func summarise(all []time.Duration) latencies {
	slices.Sort(all)
	total := time.Duration(0)
	for _, each := range all {
		total += each
	}
	ms := func(duration time.Duration) float64 { return float64(duration.Microseconds()) / 1000 }
	at := func(share float64) float64 { return ms(all[int(share*float64(len(all)-1))]) }
	return latencies{Mean: ms(total) / float64(len(all)), P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: at(1)}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}
