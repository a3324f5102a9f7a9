"""One site with several Corbado projects."""
