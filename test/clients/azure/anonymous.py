"""What azure-containerregistry sees of a registry without credentials, as JSON: anonymous.py ENDPOINT REPOSITORY TAG"""

import hashlib
import json
import sys

from azure.containerregistry import ArtifactManifestOrder, ArtifactTagOrder, ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

endpoint, repository, tag = sys.argv[1:4]


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def refused(call):
    try:
        call()
    except (ClientAuthenticationError, HttpResponseError) as error:
        return error.status_code
    return 0


with ContainerRegistryClient(endpoint, audience="https://containerregistry.azure.net") as client:
    properties = client.get_repository_properties(repository)
    newest_first = ArtifactTagOrder.LAST_UPDATED_ON_DESCENDING
    oldest_first = ArtifactManifestOrder.LAST_UPDATED_ON_ASCENDING
    tags = client.list_tag_properties(repository, order_by=newest_first, results_per_page=1)
    manifests = client.list_manifest_properties(repository, order_by=oldest_first, results_per_page=1)
    one_tag = client.get_tag_properties(repository, tag)
    one_manifest = client.get_manifest_properties(repository, tag)
    downloaded = client.get_manifest(repository, tag)
    layer = downloaded.manifest["layers"][0]["digest"]
    print(
        json.dumps(
            {
                "repositories": list(client.list_repository_names(results_per_page=1)),
                "manifestCount": properties.manifest_count,
                "tagCount": properties.tag_count,
                "canWrite": properties.can_write,
                "tagsByTime": [item.name for item in tags],
                "manifestsByTime": [item.digest for item in manifests],
                "tagDigest": one_tag.digest,
                "tagCanDelete": one_tag.can_delete,
                "manifestTags": one_manifest.tags,
                "architecture": str(getattr(one_manifest.architecture, "value", one_manifest.architecture)),
                "sizeInBytes": one_manifest.size_in_bytes,
                "downloadedDigest": downloaded.digest,
                "layerDigest": sha256(b"".join(client.download_blob(repository, layer))),
                "deleteRefused": refused(lambda: client.delete_tag(repository, tag)),
            }
        )
    )
