"""Moving existing users over, and what comes after."""
