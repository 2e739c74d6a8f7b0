package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"time"
)

// request is one HTTP/1.1 request. The target is what stands in the request line.
type request struct {
	method        string
	target        string
	authorization string
	accept        string
	contentType   string
	body          io.WriterTo
	bodyBytes     int64
}

// exchanger sends requests one after another and hands each answer to `use`, whose body is read to its end afterwards.
type exchanger interface {
	exchange(r request, use func(*http.Response) error) error
}

// server is the registry that is measured.
type server struct {
	base *url.URL
	tls  *tls.Config
}

func newServer(address, caFile string) (*server, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if base.Scheme != "https" {
		return &server{base: base}, nil
	}
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", caFile)
	}
	// HTTP/1.1 on both sides: the same requests over the same number of connections.
	return &server{base: base, tls: &tls.Config{RootCAs: roots, ServerName: base.Hostname(), NextProtos: []string{"http/1.1"}}}, nil
}

// connection is one kept connection of one worker. It leaves out the pool and the two goroutines of net/http's
// transport, which cost more than a small answer costs the server; what comes back is parsed by net/http.
type connection struct {
	server *server
	raw    net.Conn
	in     *bufio.Reader
	used   bool
	head   bytes.Buffer
}

func (c *connection) exchange(r request, use func(*http.Response) error) error {
	err := c.try(r, use)
	// A server may close a connection that lay idle between two phases.
	if c.used && isClosed(err) {
		c.close()
		err = c.try(r, use)
	}
	if err != nil {
		c.close()
		return fmt.Errorf("%s %s: %w", r.method, r.target, err)
	}
	c.used = true
	return nil
}

func isClosed(err error) bool {
	return errors.Is(err, errNoAnswer) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

var errNoAnswer = errors.New("the connection was closed without an answer")

func (c *connection) try(r request, use func(*http.Response) error) error {
	if c.raw == nil {
		if err := c.dial(); err != nil {
			return err
		}
	}
	if err := c.send(r); err != nil {
		return err
	}
	if _, err := c.in.Peek(1); err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	response, err := http.ReadResponse(c.in, &http.Request{Method: r.method})
	if err != nil {
		return err
	}
	if err := use(response); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.Close {
		c.close()
	}
	return nil
}

func (c *connection) dial() error {
	raw, err := net.DialTimeout("tcp", c.server.base.Host, 10*time.Second)
	if err != nil {
		return err
	}
	if c.server.tls != nil {
		raw = tls.Client(raw, c.server.tls)
	}
	c.raw, c.in, c.used = raw, bufio.NewReaderSize(raw, 16<<10), false
	return nil
}

func (c *connection) close() {
	if c.raw != nil {
		c.raw.Close()
	}
	c.raw, c.used = nil, false
}

func (c *connection) send(r request) error {
	head := &c.head
	head.Reset()
	head.WriteString(r.method + " " + r.target + " HTTP/1.1\r\nHost: " + c.server.base.Host + "\r\nUser-Agent: bench\r\n")
	if r.authorization != "" {
		head.WriteString("Authorization: " + r.authorization + "\r\n")
	}
	if r.accept != "" {
		head.WriteString("Accept: " + r.accept + "\r\n")
	}
	if r.contentType != "" {
		head.WriteString("Content-Type: " + r.contentType + "\r\n")
	}
	if r.method != http.MethodGet && r.method != http.MethodHead {
		head.WriteString("Content-Length: " + strconv.FormatInt(r.bodyBytes, 10) + "\r\n")
	}
	head.WriteString("\r\n")
	// A small body goes out with its head.
	if r.body != nil && r.bodyBytes <= 64<<10 {
		if _, err := r.body.WriteTo(head); err != nil {
			return err
		}
		r.body = nil
	}
	if _, err := c.raw.Write(head.Bytes()); err != nil {
		return err
	}
	if r.body == nil {
		return nil
	}
	_, err := r.body.WriteTo(c.raw)
	return err
}

// pooled sends the same requests through net/http's client, as most Go programs do.
type pooled struct {
	server *server
	client *http.Client
}

func newPooled(s *server, connections int) *pooled {
	return &pooled{server: s, client: &http.Client{Transport: &http.Transport{
		TLSClientConfig:     s.tls,
		MaxIdleConnsPerHost: connections,
		DisableCompression:  true,
	}}}
}

func (p *pooled) exchange(r request, use func(*http.Response) error) error {
	asked, err := http.NewRequest(r.method, p.server.base.Scheme+"://"+p.server.base.Host+r.target, nil)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{"Authorization": r.authorization, "Accept": r.accept, "Content-Type": r.contentType} {
		if value != "" {
			asked.Header.Set(name, value)
		}
	}
	if r.body != nil {
		reader, writer := io.Pipe()
		go func() {
			_, err := r.body.WriteTo(writer)
			writer.CloseWithError(err)
		}()
		asked.Body, asked.ContentLength = reader, r.bodyBytes
	}
	response, err := p.client.Do(asked)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := use(response); err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.target, err)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
