package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
)

const blockBytes = 1 << 20

// doubled holds one random block twice, so that every rotation of it is one slice.
var doubled = func() []byte {
	block := randomBytes(rand.New(rand.NewChaCha8([32]byte{1})), blockBytes)
	return append(block, block...)
}()

// content is a large blob that is never held in memory: its megabytes are rotations of one random block.
// Making it costs nothing while a push is measured, and comparing every byte of a pull costs little.
type content struct {
	seed int64
	size int64
}

// at returns the bytes from offset to the end of that megabyte.
func (c content) at(offset int64) []byte {
	chunk := offset / blockBytes
	// Odd factors, so that no two seeds below 2^20 begin alike.
	start := (c.seed*7919 + chunk*4099) % blockBytes
	inside := offset % blockBytes
	length := min(blockBytes-inside, c.size-offset)
	return doubled[start+inside : start+inside+length]
}

// WriteTo writes the whole content, a megabyte at a time.
func (c content) WriteTo(out io.Writer) (int64, error) {
	for offset := int64(0); offset < c.size; {
		piece := c.at(offset)
		if _, err := out.Write(piece); err != nil {
			return offset, err
		}
		offset += int64(len(piece))
	}
	return c.size, nil
}

func (c content) digest() string {
	hash := sha256.New()
	if _, err := c.WriteTo(hash); err != nil {
		panic(err)
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil))
}

// compare reads everything and holds each byte against the content: as strict as a digest, at an eighth of its cost.
func (c content) compare(in io.Reader, buffer []byte) error {
	offset := int64(0)
	for {
		n, err := in.Read(buffer)
		for read := buffer[:n]; len(read) > 0; {
			if offset >= c.size {
				return fmt.Errorf("more than %d bytes came back", c.size)
			}
			want := c.at(offset)
			want = want[:min(len(want), len(read))]
			if !bytes.Equal(want, read[:len(want)]) {
				return fmt.Errorf("other bytes than were pushed, at or after %d", offset)
			}
			offset += int64(len(want))
			read = read[len(want):]
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if offset != c.size {
		return fmt.Errorf("%d bytes came back instead of %d", offset, c.size)
	}
	return nil
}

// small is a body that can be sent again when a kept connection turns out to be closed.
type small []byte

func (s small) WriteTo(out io.Writer) (int64, error) {
	n, err := out.Write(s)
	return int64(n), err
}

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func randomBytes(source *rand.Rand, length int) []byte {
	body := make([]byte, length)
	for at := 0; at < length; at += 8 {
		value := source.Uint64()
		for i := at; i < min(at+8, length); i++ {
			body[i] = byte(value)
			value >>= 8
		}
	}
	return body
}
