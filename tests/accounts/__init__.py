"""The account row, the local users that it links, and what happens to both."""
