package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func written(c content) []byte {
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func TestContentIsWhatItsDigestSays(t *testing.T) {
	c := content{seed: 7, size: 3*blockBytes + 5}
	body := written(c)
	sum := sha256.Sum256(body)
	if int64(len(body)) != c.size || c.digest() != "sha256:"+hex.EncodeToString(sum[:]) {
		t.Fatalf("%d bytes with another digest than %s", len(body), c.digest())
	}
}

func TestContentOfAnotherSeedIsOther(t *testing.T) {
	if bytes.Equal(written(content{seed: 1, size: 100}), written(content{seed: 2, size: 100})) {
		t.Fatal("two seeds made the same bytes")
	}
}

func TestCompareSeesOneBitInAnyPlace(t *testing.T) {
	c := content{seed: 3, size: 2*blockBytes + 77}
	body := written(c)
	if err := c.compare(bytes.NewReader(body), make([]byte, 70_001)); err != nil {
		t.Fatalf("what was pushed counts as other bytes: %v", err)
	}
	for _, place := range []int{0, blockBytes - 1, blockBytes, len(body) - 1} {
		body[place] ^= 1
		if err := c.compare(bytes.NewReader(body), make([]byte, 70_001)); err == nil {
			t.Errorf("a changed bit at %d was not seen", place)
		}
		body[place] ^= 1
	}
}

func TestCompareSeesALengthThatIsWrong(t *testing.T) {
	c := content{seed: 3, size: 1000}
	body := written(c)
	if err := c.compare(bytes.NewReader(body[:999]), make([]byte, 64)); err == nil {
		t.Error("a missing byte was not seen")
	}
	if err := c.compare(bytes.NewReader(append(body, 0)), make([]byte, 64)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error("a byte too many was not seen")
	}
}
