"""What we ask Corbado, and how its answers are read."""
