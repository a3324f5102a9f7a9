"""What makes other apps get along with this one: a module for each, named in a setting of theirs.

Each module imports its neighbour, so import it only where that is installed.
"""
