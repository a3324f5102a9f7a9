"""Emulate Corbado Connect: the site keeps its users, Corbado their passkeys (API notes C.0).

Here is what both APIs share; their routes are in `backend_api.v2` and `frontend_api.connect`.
Connect users are apart from the users of API v1, as they belong to another type of project.
"""
