// Command bench-client measures one kind of work against one registry and prints what it found as JSON.
//
// It speaks HTTP/1.1 over one kept connection for each worker. It prints the line {"event":"measuring"} when its
// preparations are over and the clock starts, and at the end one line of figures.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
)

type options struct {
	row, address, caFile, user, client, uploadBy, pathsFile, loginAs string
	concurrency                                                      int
	seconds, warmSeconds                                             float64
	count, size, blobs, images, salt, warmCount                      int64
}

// measuredFirst is a number that no warming up reaches.
const measuredFirst = 10_000_000

func main() {
	o := options{}
	flag.StringVar(&o.row, "row", "", "what to measure: manifest, blob-small, blob-large, push-large, push-images, pull-images, tags, giant, paths")
	flag.StringVar(&o.address, "url", "", "the registry, as http://host:port or https://host:port")
	flag.StringVar(&o.caFile, "ca", "", "PEM file of the authority that signed the registry's certificate")
	flag.StringVar(&o.user, "user", "", "user name; the password is in BENCH_PASSWORD")
	flag.StringVar(&o.loginAs, "login", "bearer", "bearer: follow the challenge to a token; basic: send user and password with each request")
	flag.StringVar(&o.client, "client", "lean", "lean: a kept connection for each worker; net/http: that package's client")
	flag.StringVar(&o.uploadBy, "upload", "put", "put: POST and PUT; patch: POST, PATCH and PUT")
	flag.StringVar(&o.pathsFile, "paths", "", "row paths: a file with a path on each line, each asked for once")
	flag.IntVar(&o.concurrency, "concurrency", 1, "requests, or images, at once")
	flag.Float64Var(&o.seconds, "seconds", 0, "how long to measure; 0 goes by the count alone")
	flag.Float64Var(&o.warmSeconds, "warm-seconds", 0, "how long to do the same before the clock starts")
	flag.Int64Var(&o.warmCount, "warm-count", 0, "how many operations at least to warm up with, in up to ten times that time: a compiler may need them")
	flag.Int64Var(&o.count, "count", 0, "the most operations; 0 goes by the time alone")
	flag.Int64Var(&o.size, "size", 128<<20, "bytes of a large blob")
	flag.Int64Var(&o.blobs, "blobs", 1, "row blob-large: how many different blobs are read in turn")
	flag.Int64Var(&o.images, "images", 100, "row pull-images: how many images are pulled in turn")
	flag.Int64Var(&o.salt, "salt", 0, "runs against one registry need different ones below 100, so that their content differs")
	flag.Parse()
	debug.SetGCPercent(400)
	found, err := run(o)
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench-client: %s: %v\n", o.row, err)
		os.Exit(1)
	}
	printLine(found)
}

func run(o options) (figures, error) {
	chosen, known := rows[o.row]
	if !known {
		return figures{}, fmt.Errorf("there is no such row")
	}
	b, err := openBench(o)
	if err != nil {
		return figures{}, err
	}
	work, err := chosen.prepare(b)
	if err != nil {
		return figures{}, fmt.Errorf("preparing: %w", err)
	}
	if chosen.warm && o.warmSeconds > 0 {
		warming := work
		warming.seconds, warming.atLeast = o.warmSeconds, o.warmCount
		if _, err := warming.run(); err != nil {
			return figures{}, fmt.Errorf("warming up: %w", err)
		}
		// What was pushed to warm up is not pushed again.
		work.first = measuredFirst
	}
	printLine(map[string]string{"event": "measuring"})
	found, err := work.run()
	if err != nil {
		return figures{}, err
	}
	printLine(map[string]string{"event": "measured"})
	found.Checked = chosen.checked
	if chosen.after != nil {
		if err := chosen.after(b); err != nil {
			return figures{}, fmt.Errorf("checking: %w", err)
		}
	}
	return found, nil
}

func openBench(o options) (*bench, error) {
	measured, err := newServer(o.address, o.caFile)
	if err != nil {
		return nil, err
	}
	connect := func() exchanger { return &connection{server: measured} }
	if o.client == "net/http" {
		shared := newPooled(measured, o.concurrency)
		connect = func() exchanger { return shared }
	}
	var scopes []string
	if o.loginAs == "bearer" {
		for _, repository := range repositories() {
			scopes = append(scopes, "repository:"+repository+":pull,push")
		}
	}
	authorization, err := login(connect, o.user, os.Getenv("BENCH_PASSWORD"), scopes)
	if err != nil {
		return nil, fmt.Errorf("logging in: %w", err)
	}
	b := &bench{options: o}
	for range o.concurrency {
		b.workers = append(b.workers, &registry{
			over:          connect(),
			authorization: authorization,
			uploadBy:      o.uploadBy,
			buffer:        make([]byte, 512<<10),
		})
	}
	return b, nil
}

// hashLarge reads a blob once more and computes its SHA-256.
func (r *registry) hashLarge(repository, digest string) error {
	return r.do(request{method: http.MethodGet, target: blobTarget(repository, digest)}, func(answer *http.Response) error {
		if answer.StatusCode != http.StatusOK {
			return unexpected(answer)
		}
		hash := sha256.New()
		if _, err := io.CopyBuffer(hash, struct{ io.Reader }{answer.Body}, r.buffer); err != nil {
			return err
		}
		if got := "sha256:" + hex.EncodeToString(hash.Sum(nil)); got != digest {
			return fmt.Errorf("what came back is %s", got)
		}
		return nil
	})
}

func printLine(value any) {
	if err := json.NewEncoder(os.Stdout).Encode(value); err != nil {
		panic(err)
	}
}
