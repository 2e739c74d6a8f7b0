package main

import (
	"slices"

	acr "github.com/Azure/azure-sdk-for-go/sdk/containers/azcontainerregistry"
)

// fourFlags are: can be deleted, written, listed, read.
type fourFlags [4]bool

var (
	open = fourFlags{true, true, true, true}
	shut = fourFlags{}
)

func flagsOf(remove, write, list, read *bool) fourFlags {
	return fourFlags{*remove, *write, *list, *read}
}

// flags shuts all four, one by one and together, sees that they work, and opens them again.
func flags(change func(fourFlags) fourFlags, read func() fourFlags, whileShut func()) {
	same(read(), open)
	for i := range open {
		one := open
		one[i] = false
		same(change(one), one)
		same(change(open), open)
	}
	same(change(shut), shut)
	same(read(), shut)
	whileShut()
	same(change(open), open)
}

func attributes(first, second image) {
	properties := readRepository()
	same([]string{*properties.Name, *properties.RegistryLoginServer}, []string{repository, loginServer})
	same([]int32{*properties.ManifestCount, *properties.TagCount}, []int32{3, 3})
	flags(changeRepository, func() fourFlags {
		seen := readRepository().ChangeableAttributes
		return flagsOf(seen.CanDelete, seen.CanWrite, seen.CanList, seen.CanRead)
	}, func() {
		same(statusOf(pushManifest("new", ociManifest, first.bytes)), 405)
		_, err := getManifest("b")
		same(statusOf(err), 405)
		same(statusOf(deleteRepository()), 405)
		same(slices.Contains(repositories(), repository), false)
	})
	tag := must(readTag("b"))
	same([]string{*tag.Name, *tag.Digest}, []string{"b", first.digest})
	flags(changeTag, func() fourFlags {
		seen := must(readTag("b")).ChangeableAttributes
		return flagsOf(seen.CanDelete, seen.CanWrite, seen.CanList, seen.CanRead)
	}, func() {
		same(statusOf(pushManifest("b", dockerManifest, second.bytes)), 405)
		_, err := getManifest("b")
		same(statusOf(err), 405)
		same(statusOf(deleteTag("b")), 405)
		same(tags(nil), []string{"a", "c"})
	})
	manifest := readManifest(first.digest)
	same([]string{*manifest.Digest, string(*manifest.Architecture), string(*manifest.OperatingSystem), *manifest.MediaType},
		[]string{first.digest, "amd64", "linux", ociManifest})
	same(*manifest.Size, first.size)
	same(*manifest.Tags[0], "b")
	flags(func(wanted fourFlags) fourFlags { return changeManifest(first.digest, wanted) }, func() fourFlags {
		seen := readManifest(first.digest).ChangeableAttributes
		return flagsOf(seen.CanDelete, seen.CanWrite, seen.CanList, seen.CanRead)
	}, func() {
		_, err := getManifest(first.digest)
		same(statusOf(err), 405)
		same(statusOf(deleteManifest(first.digest)), 405)
	})
}

func readRepository() acr.ClientGetRepositoryPropertiesResponse {
	note("Client.GetRepositoryProperties")
	return must(client.GetRepositoryProperties(ctx, repository, nil))
}

func readTag(tag string) (*acr.TagAttributes, error) {
	note("Client.GetTagProperties")
	seen, err := client.GetTagProperties(ctx, repository, tag, nil)
	return seen.Tag, err
}

func readManifest(digest string) *acr.ManifestAttributes {
	note("Client.GetManifestProperties")
	return must(client.GetManifestProperties(ctx, repository, digest, nil)).Manifest
}

func changeRepository(wanted fourFlags) fourFlags {
	note("Client.UpdateRepositoryProperties")
	value := &acr.RepositoryWriteableProperties{CanDelete: &wanted[0], CanWrite: &wanted[1], CanList: &wanted[2], CanRead: &wanted[3]}
	seen := must(client.UpdateRepositoryProperties(ctx, repository, &acr.ClientUpdateRepositoryPropertiesOptions{Value: value})).ChangeableAttributes
	return flagsOf(seen.CanDelete, seen.CanWrite, seen.CanList, seen.CanRead)
}

func changeTag(wanted fourFlags) fourFlags {
	note("Client.UpdateTagProperties")
	value := &acr.TagWriteableProperties{CanDelete: &wanted[0], CanWrite: &wanted[1], CanList: &wanted[2], CanRead: &wanted[3]}
	seen := must(client.UpdateTagProperties(ctx, repository, "b", &acr.ClientUpdateTagPropertiesOptions{Value: value})).Tag.ChangeableAttributes
	return flagsOf(seen.CanDelete, seen.CanWrite, seen.CanList, seen.CanRead)
}

func changeManifest(digest string, wanted fourFlags) fourFlags {
	note("Client.UpdateManifestProperties")
	value := &acr.ManifestWriteableProperties{CanDelete: &wanted[0], CanWrite: &wanted[1], CanList: &wanted[2], CanRead: &wanted[3]}
	seen := must(client.UpdateManifestProperties(ctx, repository, digest, &acr.ClientUpdateManifestPropertiesOptions{Value: value})).Manifest.ChangeableAttributes
	return flagsOf(seen.CanDelete, seen.CanWrite, seen.CanList, seen.CanRead)
}

func deleteRepository() error {
	note("Client.DeleteRepository")
	_, err := client.DeleteRepository(ctx, repository, nil)
	return err
}

func deleteTag(tag string) error {
	note("Client.DeleteTag")
	_, err := client.DeleteTag(ctx, repository, tag, nil)
	return err
}

func deleteManifest(digest string) error {
	note("Client.DeleteManifest")
	_, err := client.DeleteManifest(ctx, repository, digest, nil)
	return err
}

// mountAndCancel brings a blob into another repository without its bytes, and gives an upload up.
func mountAndCancel(of image) {
	note("BlobClient.MountBlob")
	mounted := must(blobs.MountBlob(ctx, repository+"-mounted", repository, digestOf(of.layer), nil))
	same(*mounted.DockerContentDigest, digestOf(of.layer))
	same(*must(blobs.CheckBlobExists(ctx, repository+"-mounted", digestOf(of.layer), nil)).ContentLength, int64(len(of.layer)))
	started := must(blobs.StartUpload(ctx, repository, nil))
	note("BlobClient.CancelUpload")
	must(blobs.CancelUpload(ctx, *started.Location, nil))
	_, err := blobs.GetUploadStatus(ctx, *started.Location, nil)
	same(statusOf(err), 404)
}

func deletions(first image, index string) {
	check(deleteTag("a"))
	_, err := readTag("a")
	same(statusOf(err), 404)
	check(deleteManifest(index))
	check(deleteManifest(first.digest))
	_, err = getManifest(first.digest)
	same(statusOf(err), 404)
	alone := upload([]byte("of no manifest"))
	note("BlobClient.DeleteBlob")
	must(blobs.DeleteBlob(ctx, repository, alone, nil))
	_, err = blobs.CheckBlobExists(ctx, repository, alone, nil)
	same(statusOf(err), 404)
	check(deleteRepository())
	_, err = client.GetRepositoryProperties(ctx, repository, nil)
	same(statusOf(err), 404)
}

func everything() {
	// Of more than one chunk.
	large := make([]byte, 5*1024*1024+17)
	for i := range large {
		large[i] = byte(i % 251)
	}
	first := pushImage("b", "amd64", large, ociManifest)
	second := pushImage("c", "arm64", []byte("layer of c"), dockerManifest)
	child := func(of image, mediaType, architecture string) object {
		platform := object{"os": "linux", "architecture": architecture}
		return object{"mediaType": mediaType, "digest": of.digest, "size": len(of.bytes), "platform": platform}
	}
	index := jsonOf(object{"schemaVersion": 2, "mediaType": ociIndex, "manifests": []object{
		child(first, ociManifest, "amd64"), child(second, dockerManifest, "arm64")}})
	check(pushManifest("a", ociIndex, index))
	pull("b", first)
	pull(second.digest, second)
	checkChunk(first)
	mountAndCancel(first)
	lists(first, second, digestOf(index))
	related := readManifest(digestOf(index)).RelatedArtifacts
	// In no order that is promised.
	seen := map[string]string{}
	for _, one := range related {
		seen[*one.Digest] = string(*one.Architecture)
	}
	same(seen, map[string]string{first.digest: "amd64", second.digest: "arm64"})
	attributes(first, second)
	deletions(first, digestOf(index))
}

func loginReadWrite() {
	pushed := pushImage("v1", "amd64", []byte("small layer"), ociManifest)
	pull("v1", pushed)
	same(*must(readTag("v1")).Digest, pushed.digest)
}
