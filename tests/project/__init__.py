"""The wheel, the workflows and the versions; not for people who only have the wheel."""
