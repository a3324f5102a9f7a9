"""A signed-in person is asked to sign in again."""
