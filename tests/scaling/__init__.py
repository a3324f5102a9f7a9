"""A site on more than one host, and what happens to its visitors when a part of it dies.

Run by ``make scaling``: these take minutes, and the everyday suite leaves them out.
"""
