"""Settings of the test site: ``default``, and one module for each variant of it."""
