package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
)

const (
	layersOfImage = 8
	smallBytes    = 4 << 10
)

// bench is one run against one registry: what the flags say, and a registry client for each worker.
type bench struct {
	options options
	workers []*registry
}

// row prepares content, and returns the load that is to be measured and how its answers are checked.
type row struct {
	prepare func(b *bench) (load, error)
	checked string
	// warm says that the load itself is its warming up.
	warm bool
	// after checks what the load itself did not, once the clock has stopped.
	after func(b *bench) error
}

var rows = map[string]row{
	"manifest":    {prepare: getManifest, warm: true, checked: "SHA-256 of every answer, within the time"},
	"blob-small":  {prepare: getSmallBlob, warm: true, checked: "SHA-256 of every answer, within the time"},
	"blob-large":  {prepare: getLargeBlobs, warm: true, checked: "every byte compared with what was pushed, within the time; SHA-256 of each blob once, after it", after: hashLargeBlobs},
	"push-large":  {prepare: pushLargeBlobs, checked: "the digest that the registry names, which checks the bytes itself; SHA-256 of the first and last after it", after: hashPushed},
	"push-images": {prepare: pushImages, warm: true, checked: "the digest that the registry names of every part and manifest"},
	"pull-images": {prepare: pullImages, warm: true, checked: "SHA-256 of every manifest, config and layer, within the time"},
	"tags":        {prepare: putTags, warm: true, checked: "the digest that the registry names at every tag"},
	"giant":       {prepare: moveGiant, checked: "every byte compared with what was pushed"},
	"paths":       {prepare: getPaths, checked: "status 200"},
}

func repositories() []string {
	return []string{"bench/small", "bench/large", "bench/images"}
}

func getManifest(b *bench) (load, error) {
	pushed := b.randomImage(1)
	if _, err := b.workers[0].pushImage("bench/small", "latest", pushed); err != nil {
		return load{}, err
	}
	return b.load(func(worker int, _ int64) (int64, error) {
		body, err := b.workers[worker].get("/v2/bench/small/manifests/latest", manifestType, pushed.digest)
		return int64(len(body)), err
	}), nil
}

func getSmallBlob(b *bench) (load, error) {
	pushed := b.randomImage(2)
	if _, err := b.workers[0].pushImage("bench/small", "blob", pushed); err != nil {
		return load{}, err
	}
	layer := pushed.parts[1]
	return b.load(func(worker int, _ int64) (int64, error) {
		body, err := b.workers[worker].get(blobTarget("bench/small", layer.digest), "", layer.digest)
		return int64(len(body)), err
	}), nil
}

type largeBlob struct {
	content content
	digest  string
}

func (b *bench) largeBlobs(count int64, firstSeed int64) []largeBlob {
	blobs := make([]largeBlob, count)
	for at := range blobs {
		made := content{seed: b.options.salt*10_000 + firstSeed + int64(at), size: b.options.size}
		blobs[at] = largeBlob{made, made.digest()}
	}
	return blobs
}

var pulled []largeBlob

func getLargeBlobs(b *bench) (load, error) {
	pulled = b.largeBlobs(b.options.blobs, 1)
	for _, blob := range pulled {
		if err := b.workers[0].pushBlob("bench/large", blob.digest, blob.content, blob.content.size); err != nil {
			return load{}, err
		}
	}
	return b.load(func(worker int, number int64) (int64, error) {
		blob := pulled[number%int64(len(pulled))]
		return blob.content.size, b.workers[worker].getLarge("bench/large", blob.content, blob.digest)
	}), nil
}

func hashLargeBlobs(b *bench) error {
	for _, blob := range pulled {
		if err := b.workers[0].hashLarge("bench/large", blob.digest); err != nil {
			return err
		}
	}
	return nil
}

var pushedLarge []largeBlob

func pushLargeBlobs(b *bench) (load, error) {
	if b.options.count == 0 {
		return load{}, errors.New("this row needs -count")
	}
	pushedLarge = b.largeBlobs(b.options.count, 1000)
	warming := load{workers: len(b.workers), count: int64(len(b.workers)), do: func(worker int, number int64) (int64, error) {
		blob := b.largeBlobs(1, 100+number)[0]
		return blob.content.size, b.workers[worker].pushBlob("bench/large", blob.digest, blob.content, blob.content.size)
	}}
	if _, err := warming.run(); err != nil {
		return load{}, err
	}
	return b.load(func(worker int, number int64) (int64, error) {
		blob := pushedLarge[number]
		return blob.content.size, b.workers[worker].pushBlob("bench/large", blob.digest, blob.content, blob.content.size)
	}), nil
}

func hashPushed(b *bench) error {
	for _, blob := range []largeBlob{pushedLarge[0], pushedLarge[len(pushedLarge)-1]} {
		if err := b.workers[0].hashLarge("bench/large", blob.digest); err != nil {
			return err
		}
	}
	return nil
}

func pushImages(b *bench) (load, error) {
	return b.load(func(worker int, number int64) (int64, error) {
		return b.workers[worker].pushImage("bench/images", b.tag("p", number), b.randomImage(1_000_000+number))
	}), nil
}

func pullImages(b *bench) (load, error) {
	tags := make([]image, b.options.images)
	setup := load{workers: len(b.workers), count: b.options.images, do: func(worker int, number int64) (int64, error) {
		tags[number] = b.randomImage(1_000 + number)
		return b.workers[worker].pushImage("bench/images", b.tag("i", number), tags[number])
	}}
	if _, err := setup.run(); err != nil {
		return load{}, err
	}
	return b.load(func(worker int, number int64) (int64, error) {
		at := number % b.options.images
		return b.workers[worker].pullImage("bench/images", b.tag("i", at), tags[at])
	}), nil
}

// pullImage gets the manifest by its tag, then the config and each layer.
func (r *registry) pullImage(repository, tag string, expected image) (int64, error) {
	body, err := r.get("/v2/"+repository+"/manifests/"+tag, manifestType, expected.digest)
	bytesRead := int64(len(body))
	for _, each := range expected.parts {
		if err != nil {
			return 0, err
		}
		body, err = r.get(blobTarget(repository, each.digest), "", each.digest)
		bytesRead += int64(len(body))
	}
	return bytesRead, err
}

func putTags(b *bench) (load, error) {
	pushed := b.randomImage(3)
	if _, err := b.workers[0].pushImage("bench/small", "tagged", pushed); err != nil {
		return load{}, err
	}
	return b.load(func(worker int, number int64) (int64, error) {
		return 0, b.workers[worker].putManifest("bench/small", b.tag("t", number), pushed.manifest, pushed.digest)
	}), nil
}

// moveGiant pushes one layer of any size and pulls it again: what is measured is the server's memory.
func moveGiant(b *bench) (load, error) {
	giant := b.largeBlobs(1, 9000)[0]
	once := load{workers: 1, count: 1, do: func(worker int, _ int64) (int64, error) {
		if err := b.workers[worker].pushBlob("bench/large", giant.digest, giant.content, giant.content.size); err != nil {
			return 0, err
		}
		return 2 * giant.content.size, b.workers[worker].getLarge("bench/large", giant.content, giant.digest)
	}}
	return once, nil
}

// getPaths asks for each line of a file once.
func getPaths(b *bench) (load, error) {
	file, err := os.Open(b.options.pathsFile)
	if err != nil {
		return load{}, err
	}
	defer file.Close()
	var paths []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		paths = append(paths, lines.Text())
	}
	asked := b.load(func(worker int, number int64) (int64, error) {
		body, err := b.workers[worker].get(paths[number], manifestType, "")
		return int64(len(body)), err
	})
	asked.count = int64(len(paths))
	return asked, nil
}

func (b *bench) load(do func(worker int, number int64) (int64, error)) load {
	return load{workers: len(b.workers), seconds: b.options.seconds, count: b.options.count, do: do}
}

// tag makes a name that no other run uses.
func (b *bench) tag(prefix string, number int64) string {
	return fmt.Sprintf("%s%d.%d", prefix, b.options.salt, number)
}

// randomImage makes an image of eight layers of 4 KiB that no other number, and no other run, has.
func (b *bench) randomImage(number int64) image {
	seed := [32]byte{2}
	copy(seed[1:], fmt.Sprintf("%d.%d", b.options.salt, number))
	source := rand.New(rand.NewChaCha8(seed))
	layers := make([][]byte, layersOfImage)
	for at := range layers {
		layers[at] = randomBytes(source, smallBytes)
	}
	config := bytes.NewBufferString(`{"architecture":"amd64","os":"linux","config":{"Labels":{"number":"`)
	fmt.Fprintf(config, `%d.%d"}},"rootfs":{"type":"layers","diff_ids":[]}}`, b.options.salt, number)
	return newImage(config.Bytes(), layers)
}
