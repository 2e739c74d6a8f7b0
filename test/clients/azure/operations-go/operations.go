package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strconv"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	acr "github.com/Azure/azure-sdk-for-go/sdk/containers/azcontainerregistry"
)

const (
	loginServer    = "cerulean.azurecr.localhost"
	ociManifest    = string(acr.ContentTypeApplicationVndOciImageManifestV1JSON)
	dockerManifest = string(acr.ContentTypeApplicationVndDockerDistributionManifestV2JSON)
	ociIndex       = "application/vnd.oci.image.index.v1+json"
	chunkBytes     = 4 * 1024 * 1024
)

type object = map[string]any

type image struct {
	digest string
	bytes  []byte
	layer  []byte
	size   int64
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// upload sends a blob in chunks, as this library leaves it to its caller.
func upload(data []byte) string {
	note("BlobClient.StartUpload")
	location := *must(blobs.StartUpload(ctx, repository, nil)).Location
	calculator := acr.NewBlobDigestCalculator()
	at := 0
	for chunk := range slices.Chunk(data, chunkBytes) {
		end := at + len(chunk) - 1
		note("BlobClient.UploadChunk")
		sent := must(blobs.UploadChunk(ctx, location, bytes.NewReader(chunk), calculator, &acr.BlobClientUploadChunkOptions{
			RangeStart: to.Ptr(int32(at)), RangeEnd: to.Ptr(int32(end))}))
		note("BlobClient.GetUploadStatus")
		same(*must(blobs.GetUploadStatus(ctx, *sent.Location, nil)).Range, "0-"+strconv.Itoa(end))
		location = *sent.Location
		at += len(chunk)
	}
	note("BlobClient.CompleteUpload")
	digest := *must(blobs.CompleteUpload(ctx, location, calculator, nil)).DockerContentDigest
	same(digest, digestOf(data))
	return digest
}

func pushManifest(reference, mediaType string, data []byte) error {
	note("Client.UploadManifest")
	body := streaming.NopCloser(bytes.NewReader(data))
	answer, err := client.UploadManifest(ctx, repository, reference, acr.ContentType(mediaType), body, nil)
	if err == nil {
		same(*answer.DockerContentDigest, digestOf(data))
	}
	return err
}

func pushImage(tag, architecture string, layer []byte, mediaType string) image {
	config := jsonOf(object{"os": "linux", "architecture": architecture, "tag": tag})
	upload(config)
	upload(layer)
	data := jsonOf(object{
		"schemaVersion": 2,
		"mediaType":     mediaType,
		"config":        object{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digestOf(config), "size": len(config)},
		"layers":        []object{{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digestOf(layer), "size": len(layer)}},
	})
	check(pushManifest(tag, mediaType, data))
	return image{digestOf(data), data, layer, int64(len(config) + len(layer))}
}

func getManifest(reference string) (acr.ClientGetManifestResponse, error) {
	note("Client.GetManifest")
	return client.GetManifest(ctx, repository, reference, nil)
}

func pull(reference string, of image) {
	manifest := must(getManifest(reference))
	same(*manifest.DockerContentDigest, of.digest)
	same(must(io.ReadAll(manifest.ManifestData)), of.bytes)
	layer := digestOf(of.layer)
	note("BlobClient.GetBlob")
	same(must(io.ReadAll(must(blobs.GetBlob(ctx, repository, layer, nil)).BlobData)), of.layer)
	note("BlobClient.CheckBlobExists")
	same(*must(blobs.CheckBlobExists(ctx, repository, layer, nil)).ContentLength, int64(len(of.layer)))
	note("BlobClient.GetChunk")
	part := must(blobs.GetChunk(ctx, repository, layer, "bytes=2-6", nil))
	same(must(io.ReadAll(part.ChunkData)), of.layer[2:7])
	same(*part.ContentRange, "bytes 2-6/"+strconv.Itoa(len(of.layer)))
}

// checkChunk asks whether a part is there. A range says nothing in a HEAD (RFC 9110, 14.2), and the library wants a 200.
func checkChunk(of image) {
	note("BlobClient.CheckChunkExists")
	part, err := blobs.CheckChunkExists(ctx, repository, digestOf(of.layer), "bytes=2-6", nil)
	check(err)
	same(*part.ContentLength, int64(len(of.layer)))
}

func all[T any](pager *runtime.Pager[T]) []T {
	pages := []T{}
	for pager.More() {
		pages = append(pages, must(pager.NextPage(context.Background())))
	}
	return pages
}

func repositories() []string {
	note("Client.NewListRepositoriesPager")
	names := []string{}
	for _, page := range all(client.NewListRepositoriesPager(&acr.ClientListRepositoriesOptions{MaxNum: to.Ptr[int32](1)})) {
		for _, name := range page.Names {
			names = append(names, *name)
		}
	}
	return names
}

func tags(order *acr.ArtifactTagOrderBy) []string {
	note("Client.NewListTagsPager")
	names := []string{}
	options := &acr.ClientListTagsOptions{MaxNum: to.Ptr[int32](1), OrderBy: order}
	for _, page := range all(client.NewListTagsPager(repository, options)) {
		for _, tag := range page.Tags {
			names = append(names, *tag.Name)
		}
	}
	return names
}

func manifests(order *acr.ArtifactManifestOrderBy) []string {
	note("Client.NewListManifestsPager")
	digests := []string{}
	options := &acr.ClientListManifestsOptions{MaxNum: to.Ptr[int32](1), OrderBy: order}
	for _, page := range all(client.NewListManifestsPager(repository, options)) {
		for _, manifest := range page.Attributes {
			digests = append(digests, *manifest.Digest)
		}
	}
	return digests
}

func lists(first, second image, index string) {
	same(slices.Contains(repositories(), repository), true)
	same(manifests(to.Ptr(acr.ArtifactManifestOrderByLastUpdatedOnAscending)), []string{first.digest, second.digest, index})
	same(manifests(to.Ptr(acr.ArtifactManifestOrderByLastUpdatedOnDescending)), []string{index, second.digest, first.digest})
	same(manifests(nil), slices.Sorted(slices.Values([]string{first.digest, second.digest, index})))
	same(tags(to.Ptr(acr.ArtifactTagOrderByLastUpdatedOnAscending)), []string{"b", "c", "a"})
	same(tags(to.Ptr(acr.ArtifactTagOrderByLastUpdatedOnDescending)), []string{"a", "c", "b"})
	same(tags(nil), []string{"a", "b", "c"})
}

func jsonOf(value object) []byte { return must(json.Marshal(value)) }
