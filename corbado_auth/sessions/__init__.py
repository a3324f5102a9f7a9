"""All sessions of a person: finding and ending them."""
