"""Call Corbado's Python SDK once: python_sdk.py URL PROJECT-ID API-SECRET NAME ARGUMENT...

Prints {answer} or {error, type} as JSON. Runs in the SDK's own environment, without ours.
"""

from __future__ import annotations

import json
import sys

from corbado_python_sdk import Config, CorbadoSDK
from corbado_python_sdk.exceptions import ServerException
from corbado_python_sdk.generated.models import (
    AuthTokenValidateReq,
    ClientInfo,
    UserCreateReq,
    UserDeleteReq,
    UserEmailCreateReq,
)

CLIENT_INFO = ClientInfo(remoteAddress="192.0.2.7", userAgent="Test browser")
CALLS = {
    "create": lambda sdk, email, full_name: sdk.users.create(
        UserCreateReq(name=email, email=email, fullName=full_name, clientInfo=CLIENT_INFO)
    ),
    "list": lambda sdk, *filters: sdk.users.list_users(
        sort="created:desc", filter_args=list(filters)
    ),
    "get": lambda sdk, user_id: sdk.users.get(user_id),
    "delete": lambda sdk, user_id: sdk.users.delete(user_id, UserDeleteReq(clientInfo=CLIENT_INFO)),
    "add_email": lambda sdk, user_id, email: sdk.users.client.user_email_create(
        user_id, UserEmailCreateReq(email=email, clientInfo=CLIENT_INFO)
    ),
    "validate": lambda sdk, token: sdk.auth_tokens.validate_auth_token(
        AuthTokenValidateReq(token=token, clientInfo=CLIENT_INFO)
    ),
}


def main(url: str, project_id: str, api_secret: str, name: str, *arguments: str) -> None:
    """Print what the SDK makes of the answer."""
    config = Config(project_id=project_id, api_secret=api_secret)
    # Past its validator, which takes https alone.
    config.__dict__["backend_api"] = url
    try:
        answer = CALLS[name](CorbadoSDK(config=config), *arguments)
        print(json.dumps({"answer": json.loads(answer.model_dump_json(by_alias=True))}))
    except ServerException as error:
        print(json.dumps({"error": error.http_status_code, "type": error.error_type}))


if __name__ == "__main__":
    main(*sys.argv[1:])
