"""An app with a user model whose every change is kept."""
