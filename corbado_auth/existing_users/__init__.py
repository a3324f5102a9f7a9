"""Moving existing users to Corbado, and what follows from it."""
