"""Many existing users, moved by one run at a time.

Threads ask Corbado and do nothing else. Every read and write belongs to the thread that calls
``BulkMigration.run``, on the database connection as the site has set it up.
"""
