"""What Corbado asks us."""
