"""Signs a user in with azure-identity and with MSAL, both unmodified; prints one line of JSON."""

import json
import sys

import msal
from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import UsernamePasswordCredential

given = json.load(sys.stdin)
client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
scopes = ["https://containerregistry.azure.net/.default"]


def with_azure_identity():
    place = {"authority": given["endpoint"], "tenant_id": "adfs", "connection_verify": given["ca"]}
    credential = UsernamePasswordCredential(client, given["user"], given["password"], **place)
    registry = ContainerRegistryClient(
        given["endpoint"], credential, audience="https://containerregistry.azure.net", connection_verify=given["ca"]
    )
    return list(registry.list_repository_names())


def with_msal():
    """As the Azure CLI does it: by the tenant's id, with the question about the user's realm."""
    application = msal.PublicClientApplication(
        client,
        authority=f"{given['endpoint']}/{given['tenant']}",
        instance_discovery=False,
        verify=given["ca"],
    )
    answer = application.acquire_token_by_username_password(given["user"], given["password"], scopes)
    if "access_token" not in answer:
        return answer
    [account] = application.get_accounts()
    kept = application.acquire_token_silent(scopes, account)
    renewed = [
        application.acquire_token_silent_with_error(scopes, account, force_refresh=True) for _ in range(3)
    ]
    return {
        "username": account["username"],
        "tenant": account["realm"],
        "kept": kept["access_token"] == answer["access_token"],
        "renewed": ["access_token" in each for each in renewed],
    }


try:
    print(json.dumps({"identity": with_azure_identity(), "msal": with_msal()}))
except (ClientAuthenticationError, HttpResponseError) as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
