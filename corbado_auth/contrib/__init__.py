"""Adapters for other apps: a module for each, to be named in that app's settings.

Each module imports its app, so import it only where that app is installed.
"""
