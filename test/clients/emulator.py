"""Logs in to the emulator with azure-identity, pushes and pulls with azure-containerregistry; prints a line of JSON."""

import hashlib
import io
import json
import os
import sys

from azure.containerregistry import ContainerRegistryClient
from azure.identity import ClientSecretCredential

given = json.load(sys.stdin)
credential = ClientSecretCredential(
    given["tenant"],
    given["clientId"],
    given["secret"],
    authority=given["authority"],
    connection_verify=given["ca"],
    disable_instance_discovery=given["tenant"] != "adfs",
)
registry = ContainerRegistryClient(
    given["endpoint"], credential, audience="https://containerregistry.azure.net", connection_verify=given["ca"]
)
content = os.urandom(100_000)
digest, size = registry.upload_blob(given["repository"], io.BytesIO(content))
pulled = b"".join(registry.download_blob(given["repository"], digest))
print(
    json.dumps(
        {
            "size": size,
            "sameBytes": pulled == content,
            "sameDigest": digest == "sha256:" + hashlib.sha256(content).hexdigest(),
        }
    )
)
