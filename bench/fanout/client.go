package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gobwas/ws"
)

const batchProtocol = "triggerflow.batch.v1"

// client is one connection, and what it noted. Only its own goroutine touches it until it has ended.
type client struct {
	address string
	// A small receive window, for one that never reads.
	small bool

	conn   net.Conn
	reader *bufio.Reader

	frames, events, bytes int64
	// The id of the last event, and all ids hashed: equal for clients that got the same events in the same order.
	last   []byte
	ids    uint64
	number int64
	// Events out of order or twice, numbers left out, events that are none.
	disorder, gaps, broken int64
	// Of measured events: arrival minus the moment they tell, in µs, and the first and last arrival.
	delays      []uint32
	first, past time.Time
	code        int
	err         error
}

func (c *client) connect(opt *options) error {
	header := http.Header{}
	if opt.token != "" {
		header.Set("Authorization", "Bearer "+opt.token)
	}
	dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP(header), Timeout: 30 * time.Second}
	if opt.batch {
		dialer.Protocols = []string{batchProtocol}
	}
	if c.small {
		dialer.NetDial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if tcp, ok := conn.(*net.TCPConn); ok {
				err = errors.Join(err, tcp.SetReadBuffer(4096))
			}
			return conn, err
		}
	}
	conn, buffered, shaken, err := dialer.Dial(context.Background(), c.address)
	if err != nil {
		return err
	}
	if opt.batch && shaken.Protocol != batchProtocol {
		return fmt.Errorf("%s did not agree to %s", c.address, batchProtocol)
	}
	c.conn = conn
	// What came together with the handshake's answer is read first.
	var source io.Reader = conn
	if buffered != nil {
		held, _ := buffered.Peek(buffered.Buffered())
		source = io.MultiReader(bytes.NewReader(bytes.Clone(held)), conn)
	}
	c.reader = bufio.NewReaderSize(source, 32<<10)
	return nil
}

func (c *client) follow(opt *options, deadline time.Time) {
	defer c.conn.Close()
	c.ids = fnvStart
	c.number = -1
	_ = c.conn.SetReadDeadline(deadline)
	var payload []byte
	for {
		header, err := ws.ReadHeader(c.reader)
		if err != nil {
			c.err = err
			return
		}
		if int64(cap(payload)) < header.Length {
			payload = make([]byte, header.Length, header.Length*2)
		}
		payload = payload[:header.Length]
		if _, err := io.ReadFull(c.reader, payload); err != nil {
			c.err = err
			return
		}
		switch header.OpCode {
		case ws.OpText:
			c.take(payload, opt.strict)
		case ws.OpPing:
			c.err = ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewPongFrame(bytes.Clone(payload))))
		case ws.OpClose:
			if len(payload) >= 2 {
				c.code = int(binary.BigEndian.Uint16(payload))
			}
			_ = ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewCloseFrame(bytes.Clone(payload))))
			return
		}
		if c.err != nil {
			return
		}
	}
}

var (
	idKey  = []byte(`{"id":"`)
	nextID = []byte(`},{"id":"`)
	stamp  = []byte(`t=`)
)

func (c *client) take(payload []byte, strict bool) {
	now := time.Now()
	c.frames++
	c.bytes += int64(len(payload))
	if strict && !json.Valid(payload) {
		c.broken++
		return
	}
	if len(payload) == 0 || payload[0] != '[' {
		c.event(payload, now)
		return
	}
	// Our own events hold no text that looks like the border between two.
	rest := payload[1 : len(payload)-1]
	for {
		border := bytes.Index(rest, nextID)
		if border < 0 {
			c.event(rest, now)
			return
		}
		c.event(rest[:border+1], now)
		rest = rest[border+2:]
	}
}

func (c *client) event(text []byte, now time.Time) {
	if !bytes.HasPrefix(text, idKey) || len(text) < len(idKey)+36 {
		c.broken++
		return
	}
	c.events++
	id := text[len(idKey) : len(idKey)+36]
	if bytes.Compare(id, c.last) <= 0 {
		c.disorder++
	}
	c.last = append(c.last[:0], id...)
	c.ids = hash(c.ids, id)
	sent, number, ok := measured(text)
	if !ok {
		return
	}
	if number != c.number+1 {
		c.gaps++
	}
	c.number = number
	if c.first.IsZero() {
		c.first = now
	}
	c.past = now
	c.delays = append(c.delays, uint32(max(0, now.UnixMicro()-sent)))
}

// measured finds "t=<µs> n=<number>".
func measured(text []byte) (sent, number int64, ok bool) {
	at := bytes.Index(text, stamp)
	if at < 0 {
		return 0, 0, false
	}
	sent, rest := digits(text[at+2:])
	if len(rest) < 3 || rest[0] != ' ' || rest[1] != 'n' || rest[2] != '=' {
		return 0, 0, false
	}
	number, _ = digits(rest[3:])
	return sent, number, true
}

func digits(text []byte) (int64, []byte) {
	var value int64
	for len(text) > 0 && text[0] >= '0' && text[0] <= '9' {
		value = value*10 + int64(text[0]-'0')
		text = text[1:]
	}
	return value, text
}

var fnvStart = fnv.New64a().Sum64()

func hash(state uint64, text []byte) uint64 {
	for _, each := range text {
		state = (state ^ uint64(each)) * 1099511628211
	}
	return state
}
