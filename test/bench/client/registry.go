package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// registry speaks the distribution API over one exchanger, and checks every answer's status and digest.
type registry struct {
	over          exchanger
	authorization string
	// uploadBy is "put" (containerd, oras, helm, regctl) or "patch" (docker, podman, skopeo, crane).
	uploadBy string
	buffer   []byte
}

// pushBlob asks whether the blob is there, starts an upload and sends the bytes, as clients do.
func (r *registry) pushBlob(repository, digest string, body io.WriterTo, size int64) error {
	if err := r.expect(request{method: http.MethodHead, target: blobTarget(repository, digest)}, http.StatusNotFound, ""); err != nil {
		return err
	}
	location := ""
	start := request{method: http.MethodPost, target: "/v2/" + repository + "/blobs/uploads/"}
	if err := r.takeLocation(start, &location); err != nil {
		return err
	}
	contentType := "application/octet-stream"
	if r.uploadBy == "patch" {
		chunk := request{method: http.MethodPatch, target: location, contentType: contentType, body: body, bodyBytes: size}
		if err := r.takeLocation(chunk, &location); err != nil {
			return err
		}
		body, size, contentType = nil, 0, ""
	}
	separator := "?"
	if strings.Contains(location, "?") {
		separator = "&"
	}
	finish := request{method: http.MethodPut, target: location + separator + "digest=" + url.QueryEscape(digest), contentType: contentType, body: body, bodyBytes: size}
	return r.expect(finish, http.StatusCreated, digest)
}

func (r *registry) takeLocation(asked request, location *string) error {
	return r.do(asked, func(answer *http.Response) error {
		if answer.StatusCode != http.StatusAccepted {
			return unexpected(answer)
		}
		where, err := url.Parse(answer.Header.Get("Location"))
		if err != nil {
			return err
		}
		*location = where.RequestURI()
		return nil
	})
}

func (r *registry) putManifest(repository, reference string, manifest []byte, digest string) error {
	put := request{
		method:      http.MethodPut,
		target:      "/v2/" + repository + "/manifests/" + reference,
		contentType: manifestType,
		body:        small(manifest),
		bodyBytes:   int64(len(manifest)),
	}
	return r.expect(put, http.StatusCreated, digest)
}

// get reads a small answer whole and checks its SHA-256; the bytes are valid until the next call.
func (r *registry) get(target, accept, digest string) ([]byte, error) {
	var body []byte
	err := r.do(request{method: http.MethodGet, target: target, accept: accept}, func(answer *http.Response) error {
		if answer.StatusCode != http.StatusOK {
			return unexpected(answer)
		}
		read, err := readInto(answer.Body, r.buffer)
		if err != nil {
			return err
		}
		if digest != "" && digestOf(read) != digest {
			return fmt.Errorf("%d bytes came back that are not %s", len(read), digest)
		}
		body = read
		return nil
	})
	return body, err
}

// getLarge reads a large blob and compares all of it with what was pushed.
func (r *registry) getLarge(repository string, blob content, digest string) error {
	return r.do(request{method: http.MethodGet, target: blobTarget(repository, digest)}, func(answer *http.Response) error {
		if answer.StatusCode != http.StatusOK {
			return unexpected(answer)
		}
		return blob.compare(answer.Body, r.buffer)
	})
}

func readInto(in io.Reader, buffer []byte) ([]byte, error) {
	length := 0
	for {
		n, err := in.Read(buffer[length:])
		length += n
		if err == io.EOF {
			return buffer[:length], nil
		}
		if err != nil {
			return nil, err
		}
		if length == len(buffer) {
			return nil, fmt.Errorf("more than %d bytes came back", length)
		}
	}
}

func (r *registry) expect(asked request, status int, digest string) error {
	return r.do(asked, func(answer *http.Response) error {
		if answer.StatusCode != status {
			return unexpected(answer)
		}
		if got := answer.Header.Get("Docker-Content-Digest"); digest != "" && got != digest {
			return fmt.Errorf("names the digest %q, not %s", got, digest)
		}
		return nil
	})
}

func (r *registry) do(asked request, use func(*http.Response) error) error {
	asked.authorization = r.authorization
	return r.over.exchange(asked, use)
}

func blobTarget(repository, digest string) string {
	return "/v2/" + repository + "/blobs/" + digest
}

// image is a small image as it is pushed: its parts by digest, and the manifest that names them.
type image struct {
	parts    []part
	manifest []byte
	digest   string
}

type part struct {
	body   []byte
	digest string
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

// newImage makes the manifest of a config and layers.
func newImage(config []byte, layers [][]byte) image {
	made := image{}
	describe := func(mediaType string, body []byte) descriptor {
		digest := digestOf(body)
		made.parts = append(made.parts, part{body, digest})
		return descriptor{mediaType, digest, len(body)}
	}
	document := struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Config        descriptor   `json:"config"`
		Layers        []descriptor `json:"layers"`
	}{SchemaVersion: 2, MediaType: manifestType, Config: describe(configType, config)}
	for _, layer := range layers {
		document.Layers = append(document.Layers, describe(layerType, layer))
	}
	manifest, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	made.manifest, made.digest = manifest, digestOf(manifest)
	return made
}

func (r *registry) pushImage(repository, tag string, pushed image) (int64, error) {
	bytesSent := int64(len(pushed.manifest))
	for _, each := range pushed.parts {
		if err := r.pushBlob(repository, each.digest, small(each.body), int64(len(each.body))); err != nil {
			return 0, err
		}
		bytesSent += int64(len(each.body))
	}
	return bytesSent, r.putManifest(repository, tag, pushed.manifest, pushed.digest)
}
