"""All sessions of a person: where they are kept, and how they end."""
