"""Ask a signed-in person to sign in once more, before something that matters."""
