// Command fanout watches executions with many WebSocket clients and prints, as JSON, what they got and when.
//
// It measures events whose text holds `t=<µs since the epoch> n=<number from 0>`; others are checked for order only.
// When every client is connected it prints a line "ready"; the figures follow when all of them were closed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

type options struct {
	token   string
	batch   bool
	strict  bool
	timeout time.Duration
}

func main() {
	var opt options
	var targets, tokenFile string
	var each, stuck int
	flag.StringVar(&targets, "targets", "-", "file with one ws:// address a line; - reads standard input")
	flag.IntVar(&each, "each", 1, "clients of each address")
	flag.IntVar(&stuck, "stuck", 0, "further clients of the first address that never read")
	flag.StringVar(&tokenFile, "token-file", "", "file with the bearer token; none sends none")
	flag.BoolVar(&opt.batch, "batch", false, "ask for the subprotocol of batches")
	flag.BoolVar(&opt.strict, "strict", false, "parse every event as JSON, at the price of measuring the parser too")
	flag.DurationVar(&opt.timeout, "timeout", 2*time.Minute, "give up after so long")
	flag.Parse()

	if tokenFile != "" {
		read, err := os.ReadFile(tokenFile)
		fail(err)
		opt.token = strings.TrimSpace(string(read))
	}
	addresses, err := readLines(targets)
	fail(err)
	if len(addresses) == 0 {
		fail(fmt.Errorf("no address in %s", targets))
	}

	begun := time.Now()
	var clients []*client
	for _, address := range addresses {
		for range each {
			clients = append(clients, &client{address: address})
		}
	}
	fail(connectAll(clients, &opt))
	var still []*client
	for range stuck {
		still = append(still, &client{address: addresses[0], small: true})
	}
	fail(connectAll(still, &opt))
	connected := time.Since(begun)
	fmt.Println("ready")

	deadline := time.Now().Add(opt.timeout)
	var all sync.WaitGroup
	for _, one := range clients {
		all.Add(1)
		go func() {
			defer all.Done()
			one.follow(&opt, deadline)
		}()
	}
	all.Wait()

	result := summarise(clients)
	result.Clients, result.Stuck = len(clients), stuck
	result.ConnectSeconds = round(connected.Seconds())
	for _, one := range still {
		one.conn.Close()
	}
	fail(json.NewEncoder(os.Stdout).Encode(result))
}

// connectAll opens connections, some at a time: a listener's backlog is finite.
func connectAll(clients []*client, opt *options) error {
	room := make(chan struct{}, 32)
	errs := make(chan error, len(clients))
	var all sync.WaitGroup
	for _, one := range clients {
		all.Add(1)
		room <- struct{}{}
		go func() {
			defer func() { <-room; all.Done() }()
			if err := one.connect(opt); err != nil {
				errs <- err
			}
		}()
	}
	all.Wait()
	close(errs)
	return <-errs
}

func readLines(name string) ([]string, error) {
	file := os.Stdin
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer opened.Close()
		file = opened
	}
	var lines []string
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, scanner.Err()
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "fanout:", err)
		os.Exit(1)
	}
}
