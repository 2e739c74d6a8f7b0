"""Logs in as a managed identity and pulls with azure-containerregistry, both unmodified; prints one line of JSON."""

import json
import sys

from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ManagedIdentityCredential

given = json.load(sys.stdin)


def work():
    named = {"client_id": given["clientId"]} if "clientId" in given else {}
    registry = ContainerRegistryClient(
        given["endpoint"],
        ManagedIdentityCredential(**named),
        audience="https://containerregistry.azure.net",
        connection_verify=given["ca"],
    )
    manifest = registry.get_manifest(given["repository"], given["tag"])
    return {"digest": manifest.digest, "repositories": list(registry.list_repository_names())}


try:
    print(json.dumps(work()))
except (ClientAuthenticationError, HttpResponseError) as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
