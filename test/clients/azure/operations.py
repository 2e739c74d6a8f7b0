"""Every operation of azure-containerregistry with a login of azure-identity, both unmodified.

Told what to do by JSON on its input. It checks each answer, and prints which methods the client has and which it has
called; or why the login or a request was refused.
"""

import hashlib
import io
import json
import sys

from azure.containerregistry import ArtifactManifestOrder, ArtifactTagOrder, ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import CertificateCredential, ClientSecretCredential, WorkloadIdentityCredential

given = json.load(sys.stdin)
repository = given["repository"]
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
FLAGS = ["can_delete", "can_write", "can_list", "can_read"]
OPEN = dict.fromkeys(FLAGS, True)
SHUT = dict.fromkeys(FLAGS, False)
called = set()


class Noted:
    """Passes on to the client, and notes what was called."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        called.add(name)
        return getattr(self._client, name)


def credential():
    place = {"authority": given["authority"], "disable_instance_discovery": given["tenant"] != "adfs"}
    tenant, client_id = given["tenant"], given["clientId"]
    if "secret" in given:
        return ClientSecretCredential(tenant, client_id, given["secret"], **place)
    if "certificateFile" in given:
        return CertificateCredential(tenant, client_id, given["certificateFile"], **place)
    return WorkloadIdentityCredential(
        tenant_id=tenant, client_id=client_id, token_file_path=given["tokenFile"], **place
    )


sdk = ContainerRegistryClient(given["endpoint"], credential(), audience="https://containerregistry.azure.net")
client = Noted(sdk)


def same(seen, expected):
    if seen != expected:
        raise AssertionError(f"{seen!r} is not {expected!r}")


def status_of(call):
    try:
        call()
    except HttpResponseError as error:
        return error.status_code
    return 0


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def push_image(tag, architecture, layer, media_type=OCI_MANIFEST):
    config = json.dumps({"os": "linux", "architecture": architecture, "tag": tag}).encode()
    for data in (config, layer):
        same(client.upload_blob(repository, io.BytesIO(data)), (digest_of(data), len(data)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(config),
            "size": len(config),
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": digest_of(layer),
                "size": len(layer),
            }
        ],
    }
    data = json.dumps(manifest).encode()
    same(client.set_manifest(repository, io.BytesIO(data), tag=tag, media_type=media_type), digest_of(data))
    size = len(config) + len(layer)
    return {"digest": digest_of(data), "data": data, "manifest": manifest, "layer": layer, "size": size}


def pull(reference, image):
    seen = client.get_manifest(repository, reference)
    same(seen.digest, image["digest"])
    same(seen.manifest, image["manifest"])
    same(seen.media_type, image["manifest"]["mediaType"])
    same(b"".join(client.download_blob(repository, digest_of(image["layer"]))), image["layer"])


def lists(first, second, index):
    same(repository in list(client.list_repository_names(results_per_page=1)), True)

    def manifests(**options):
        return [one.digest for one in client.list_manifest_properties(repository, results_per_page=1, **options)]

    def tags(**options):
        return [one.name for one in client.list_tag_properties(repository, results_per_page=1, **options)]

    by_age = [first["digest"], second["digest"], index]
    same(manifests(order_by=ArtifactManifestOrder.LAST_UPDATED_ON_ASCENDING), by_age)
    same(manifests(order_by=ArtifactManifestOrder.LAST_UPDATED_ON_DESCENDING), by_age[::-1])
    same(manifests(), sorted(by_age))
    same(tags(order_by=ArtifactTagOrder.LAST_UPDATED_ON_ASCENDING), ["b", "c", "a"])
    same(tags(order_by=ArtifactTagOrder.LAST_UPDATED_ON_DESCENDING), ["a", "c", "b"])
    same(tags(), ["a", "b", "c"])


def flags_of(properties):
    return {name: getattr(properties, name) for name in FLAGS}


def flags(change, read, while_shut):
    """Shuts all four flags, sees that they work, and opens them again."""
    same(flags_of(read()), OPEN)
    for name in FLAGS:
        same(flags_of(change(**{name: False})), {**OPEN, name: False})
        same(flags_of(change(**{name: True})), OPEN)
    same(flags_of(change(**SHUT)), SHUT)
    same(flags_of(read()), SHUT)
    while_shut()
    same(flags_of(change(**OPEN)), OPEN)


def attributes(first, second):
    seen = client.get_repository_properties(repository)
    same([seen.name, seen.manifest_count, seen.tag_count], [repository, 3, 3])
    same(seen.created_on <= seen.last_updated_on, True)

    def repository_shut():
        data = io.BytesIO(first["data"])
        same(status_of(lambda: client.set_manifest(repository, data, tag="new")), 405)
        same(status_of(lambda: client.get_manifest(repository, "b")), 405)
        same(status_of(lambda: client.delete_repository(repository)), 405)
        same(repository in list(client.list_repository_names()), False)

    flags(
        lambda **changes: client.update_repository_properties(repository, **changes),
        lambda: client.get_repository_properties(repository),
        repository_shut,
    )
    seen = client.get_tag_properties(repository, "b")
    same([seen.name, seen.digest], ["b", first["digest"]])

    def tag_shut():
        data = io.BytesIO(second["data"])
        same(status_of(lambda: client.set_manifest(repository, data, tag="b", media_type=DOCKER_MANIFEST)), 405)
        same(status_of(lambda: client.get_manifest(repository, "b")), 405)
        same(status_of(lambda: client.delete_tag(repository, "b")), 405)
        same([one.name for one in client.list_tag_properties(repository)], ["a", "c"])

    flags(
        lambda **changes: client.update_tag_properties(repository, "b", **changes),
        lambda: client.get_tag_properties(repository, "b"),
        tag_shut,
    )
    seen = client.get_manifest_properties(repository, "b")
    same([seen.digest, seen.size_in_bytes, seen.tags], [first["digest"], first["size"], ["b"]])
    same([seen.architecture.value, seen.operating_system.value], ["amd64", "linux"])

    def manifest_shut():
        same(status_of(lambda: client.get_manifest(repository, first["digest"])), 405)
        same(status_of(lambda: client.delete_manifest(repository, first["digest"])), 405)

    flags(
        lambda **changes: client.update_manifest_properties(repository, "b", **changes),
        lambda: client.get_manifest_properties(repository, first["digest"]),
        manifest_shut,
    )


def deletions(first, index):
    client.delete_tag(repository, "a")
    same(status_of(lambda: client.get_tag_properties(repository, "a")), 404)
    client.delete_manifest(repository, index)
    same(status_of(lambda: client.get_manifest(repository, index)), 404)
    client.delete_manifest(repository, "b")
    same(status_of(lambda: client.get_manifest(repository, first["digest"])), 404)
    digest, _ = client.upload_blob(repository, io.BytesIO(b"of no manifest"))
    client.delete_blob(repository, digest)
    same(status_of(lambda: b"".join(client.download_blob(repository, digest))), 404)
    client.delete_repository(repository)
    same(status_of(lambda: client.get_repository_properties(repository)), 404)
    # What is gone already is a success to this library.
    client.delete_repository(repository)


def everything():
    # Of more than one chunk of 4 MiB.
    large = (b"layer of b" * (512 * 1024 + 2))[: 5 * 1024 * 1024 + 17]
    first = push_image("b", "amd64", large)
    second = push_image("c", "arm64", b"layer of c", DOCKER_MANIFEST)
    children = [(first, OCI_MANIFEST, "amd64"), (second, DOCKER_MANIFEST, "arm64")]
    manifests = [
        {
            "mediaType": media_type,
            "digest": image["digest"],
            "size": len(image["data"]),
            "platform": {"os": "linux", "architecture": architecture},
        }
        for image, media_type, architecture in children
    ]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    digest = client.set_manifest(repository, index, tag="a", media_type=OCI_INDEX)
    pull("b", first)
    pull(second["digest"], second)
    lists(first, second, digest)
    attributes(first, second)
    deletions(first, digest)
    client.close()


def login_read_write():
    image = push_image("v1", "amd64", b"small")
    pull("v1", image)
    same(client.get_tag_properties(repository, "v1").digest, image["digest"])


try:
    if given["work"] == "everything":
        everything()
    else:
        login_read_write()
    there = [name for name in dir(sdk) if not name.startswith("_") and callable(getattr(sdk, name))]
    print(json.dumps({"called": sorted(called), "there": there}))
except ClientAuthenticationError as error:
    print(json.dumps({"refused": str(error)}))
