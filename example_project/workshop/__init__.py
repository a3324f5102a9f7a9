"""What the workshop offers and who has booked it. Knows nothing of how people sign in."""
