"""The yardstick: a sign-in written by hand that does only what must be done, and nothing to protect
it."""
