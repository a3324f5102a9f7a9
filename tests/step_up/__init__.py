"""Someone who is signed in is asked to sign in once more."""
