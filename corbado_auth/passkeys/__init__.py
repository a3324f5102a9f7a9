"""The passkeys of a signed-in user, and the offer of one."""
