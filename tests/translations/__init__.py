"""Every text for people goes through gettext, and every catalogue that ships is complete."""
