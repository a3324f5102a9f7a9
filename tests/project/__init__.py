"""The wheel, the workflows and the versions; not for those who have only the wheel."""
