"""What we ask Corbado, and what its answers mean."""
