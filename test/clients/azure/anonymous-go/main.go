// What azcontainerregistry sees of a registry without credentials, as JSON: anonymous-go ENDPOINT REPOSITORY TAG.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/containers/azcontainerregistry"
)

func main() {
	endpoint, repository, tag := os.Args[1], os.Args[2], os.Args[3]
	ctx := context.Background()
	client := must(azcontainerregistry.NewClient(endpoint, nil, nil))
	blobs := must(azcontainerregistry.NewBlobClient(endpoint, nil, nil))

	repositories := []string{}
	for _, page := range all(ctx, client.NewListRepositoriesPager(
		&azcontainerregistry.ClientListRepositoriesOptions{MaxNum: to.Ptr[int32](1)})) {
		for _, name := range page.Names {
			repositories = append(repositories, *name)
		}
	}
	tags := []string{}
	for _, page := range all(ctx, client.NewListTagsPager(repository, &azcontainerregistry.ClientListTagsOptions{
		MaxNum: to.Ptr[int32](1), OrderBy: to.Ptr(azcontainerregistry.ArtifactTagOrderByLastUpdatedOnDescending)})) {
		for _, one := range page.Tags {
			tags = append(tags, *one.Name)
		}
	}
	manifests := []string{}
	for _, page := range all(ctx, client.NewListManifestsPager(repository, &azcontainerregistry.ClientListManifestsOptions{
		MaxNum: to.Ptr[int32](1), OrderBy: to.Ptr(azcontainerregistry.ArtifactManifestOrderByLastUpdatedOnAscending)})) {
		for _, one := range page.Attributes {
			manifests = append(manifests, *one.Digest)
		}
	}
	properties := must(client.GetRepositoryProperties(ctx, repository, nil))
	oneTag := must(client.GetTagProperties(ctx, repository, tag, nil)).Tag
	oneManifest := must(client.GetManifestProperties(ctx, repository, *oneTag.Digest, nil)).Manifest
	downloaded := must(client.GetManifest(ctx, repository, tag, nil))
	var manifest struct {
		Layers []struct {
			Digest string `json:"digest"`
		} `json:"layers"`
	}
	bytes := must(io.ReadAll(downloaded.ManifestData))
	check(json.Unmarshal(bytes, &manifest))
	blob := must(blobs.GetBlob(ctx, repository, manifest.Layers[0].Digest, nil))
	layer := sha256.Sum256(must(io.ReadAll(blob.BlobData)))
	_, refusal := client.DeleteTag(ctx, repository, tag, nil)

	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"repositories":     repositories,
		"manifestCount":    properties.ManifestCount,
		"tagCount":         properties.TagCount,
		"canWrite":         properties.ChangeableAttributes.CanWrite,
		"tagsByTime":       tags,
		"manifestsByTime":  manifests,
		"tagDigest":        oneTag.Digest,
		"tagCanDelete":     oneTag.ChangeableAttributes.CanDelete,
		"manifestTags":     oneManifest.Tags,
		"architecture":     oneManifest.Architecture,
		"sizeInBytes":      oneManifest.Size,
		"downloadedDigest": downloaded.DockerContentDigest,
		"layerDigest":      "sha256:" + hex.EncodeToString(layer[:]),
		"deleteRefused":    statusOf(refusal),
	}))
}

func all[T any](ctx context.Context, pager *runtime.Pager[T]) []T {
	pages := []T{}
	for pager.More() {
		pages = append(pages, must(pager.NextPage(ctx)))
	}
	return pages
}

func statusOf(err error) int {
	var refused *azcore.ResponseError
	if errors.As(err, &refused) {
		return refused.StatusCode
	}
	return 0
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
