"""Logs in with azure-identity and works with azure-containerregistry, both unmodified; prints one line of JSON."""

import hashlib
import io
import json
import os
import sys

from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import CertificateCredential, ClientAssertionCredential, ClientSecretCredential

given = json.load(sys.stdin)
endpoint = given["endpoint"]


def credential():
    place = {"authority": given.get("authority", endpoint), "connection_verify": given["ca"]}
    if given["tenant"] != "adfs":
        place["disable_instance_discovery"] = True
    tenant, client = given["tenant"], given["clientId"]
    if "secret" in given:
        return ClientSecretCredential(tenant, client, given["secret"], **place)
    if "certificate" in given:
        return CertificateCredential(tenant, client, given["certificate"], **place)
    return ClientAssertionCredential(tenant, client, lambda: given["assertion"], **place)


def work():
    registry = ContainerRegistryClient(
        endpoint, credential(), audience="https://containerregistry.azure.net", connection_verify=given["ca"]
    )
    content = os.urandom(100_000)
    digest, size = registry.upload_blob(given["repository"], io.BytesIO(content))
    pulled = b"".join(registry.download_blob(given["repository"], digest))
    return {
        "size": size,
        "sameBytes": pulled == content,
        "sameDigest": digest == "sha256:" + hashlib.sha256(content).hexdigest(),
    }


try:
    print(json.dumps(work()))
except (ClientAuthenticationError, HttpResponseError) as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
