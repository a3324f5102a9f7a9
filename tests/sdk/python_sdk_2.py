"""Call Corbado's Python SDK 2 once: python_sdk_2.py URL PROJECT-ID API-SECRET NAME ARGUMENT...

Prints {answer} or {error, type} as JSON. Runs in the SDK's own environment, without ours.
"""

from __future__ import annotations

import json
import sys

from corbado_python_sdk import Config, CorbadoSDK
from corbado_python_sdk.exceptions import ServerException
from corbado_python_sdk.generated.api import ConnectTokensApi, PasskeysApi
from corbado_python_sdk.generated.exceptions import ApiException
from corbado_python_sdk.generated.models import PasskeyVerifySignedDataReq, UserStatus


def verify(sdk, signed, username):
    request = PasskeyVerifySignedDataReq(signedPasskeyData=signed, username=username)
    return PasskeysApi(sdk.api_client).passkey_verify_signed_data(request)


CALLS = {
    "verify": verify,
    "create": lambda sdk, full_name, webauthn_id: sdk.users.create(
        UserStatus.ACTIVE, full_name, webauthn_id
    ),
    "get": lambda sdk, user_id: sdk.users.get(user_id),
    "delete": lambda sdk, user_id: sdk.users.delete(user_id),
    "delete_token": lambda sdk, token_id: ConnectTokensApi(sdk.api_client).connect_token_delete(
        token_id
    ),
}


def main(url: str, project_id: str, api_secret: str, name: str, *arguments: str) -> None:
    """Print what the SDK makes of the answer."""
    config = Config(
        project_id=project_id,
        api_secret=api_secret,
        frontend_api="https://frontend.example",
        backend_api="https://backend.example",
    )
    # Past its validator, which takes https alone.
    config.__dict__["backend_api"] = f"{url}/v2"
    try:
        answer = CALLS[name](CorbadoSDK(config=config), *arguments)
    except ApiException as error:
        error = ServerException(error)
        print(json.dumps({"error": error.http_status_code, "type": error.error_type}))
    except ServerException as error:
        print(json.dumps({"error": error.http_status_code, "type": error.error_type}))
    else:
        print(json.dumps({"answer": answer and json.loads(answer.model_dump_json(by_alias=True))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
