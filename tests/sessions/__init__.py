"""All sessions of a person: how they end, and the page that shows them."""
