"""Moving many existing users, one run at a time.

Worker threads call Corbado and do nothing else. The thread that calls ``BulkMigration.run`` does
all reading and writing, on the database connection as the site has set it up.
"""
