"""Emulate Corbado Connect: the site keeps its users, Corbado their passkeys (API notes C.0).

This package has what both APIs share; their routes are in ``backend_api.v2`` and
``frontend_api.connect``. Connect users are separate from the users of API v1: they belong to
another type of project.
"""
