"""The JSON API, whose every request and response is compared with its OpenAPI description."""
