package main

import (
	"math"
	"slices"
	"strconv"
)

// figures is what the program prints. Rates are of measured events, between their first and their last arrival.
type figures struct {
	Clients         int            `json:"clients"`
	Stuck           int            `json:"stuck"`
	ConnectSeconds  float64        `json:"connectSeconds"`
	Frames          int64          `json:"frames"`
	Events          int64          `json:"events"`
	Measured        int64          `json:"measured"`
	Bytes           int64          `json:"bytes"`
	Seconds         float64        `json:"seconds"`
	EventsPerSecond float64        `json:"eventsPerSecond"`
	Delay           delays         `json:"delayMs"`
	Disorder        int64          `json:"disorder"`
	Gaps            int64          `json:"gaps"`
	Broken          int64          `json:"broken"`
	Different       int            `json:"different"`
	Closes          map[string]int `json:"closes"`
	Errors          map[string]int `json:"errors,omitempty"`
}

type delays struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
	// The 99th percentile of the client that has the highest one.
	WorstP99 float64 `json:"worstP99"`
}

func summarise(clients []*client) figures {
	result := figures{Closes: map[string]int{}, Errors: map[string]int{}}
	var all []uint32
	var first, past int64 = math.MaxInt64, 0
	same := map[string]uint64{}
	for _, one := range clients {
		result.Frames += one.frames
		result.Events += one.events
		result.Bytes += one.bytes
		result.Disorder += one.disorder
		result.Gaps += one.gaps
		result.Broken += one.broken
		result.Closes[strconv.Itoa(one.code)]++
		if one.err != nil {
			result.Errors[one.err.Error()]++
		}
		// Clients of one address must have got the same.
		if ids, ok := same[one.address]; ok && ids != one.ids {
			result.Different++
		}
		same[one.address] = one.ids
		if len(one.delays) == 0 {
			continue
		}
		first, past = min(first, one.first.UnixMicro()), max(past, one.past.UnixMicro())
		all = append(all, one.delays...)
		slices.Sort(one.delays)
		result.Delay.WorstP99 = max(result.Delay.WorstP99, percentile(one.delays, 0.99))
	}
	result.Measured = int64(len(all))
	if len(all) == 0 {
		return result
	}
	result.Seconds = round(float64(past-first) / 1e6)
	if past > first {
		result.EventsPerSecond = math.Round(float64(len(all)) / (float64(past-first) / 1e6))
	}
	slices.Sort(all)
	result.Delay.P50, result.Delay.P90 = percentile(all, 0.5), percentile(all, 0.9)
	result.Delay.P99, result.Delay.P999 = percentile(all, 0.99), percentile(all, 0.999)
	result.Delay.Max = percentile(all, 1)
	return result
}

// percentile of sorted µs, in ms.
func percentile(sorted []uint32, share float64) float64 {
	at := min(len(sorted)-1, int(float64(len(sorted))*share))
	return round(float64(sorted[at]) / 1000)
}

func round(value float64) float64 { return math.Round(value*1000) / 1000 }
