"""Statements that fill a database of a benchmark, faster than the ORM would."""

from __future__ import annotations

# The hash is of nobody's password, but of a form that can be checked: who has none is answered
# sooner.
ADD_USERS = """
    INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email,
                           is_staff, is_active, date_joined)
    SELECT 'pbkdf2_sha256$1000000$salt$nobodys', false, 'user' || i, 'First', 'Last',
           i || '@example.com', false, true, CURRENT_TIMESTAMP
    FROM generate_series(%s, %s) AS i
"""
ADD_ACCOUNTS = """
    INSERT INTO corbado_auth_corbadoaccount
           (user_id, project_id, corbado_user_id, email, created_at, first_sign_in_at,
            last_sign_in_at, sign_in_count, awaits_proof, is_new_user)
    SELECT auth_user.id, %s, 'usr-' || i, i || '@example.com', CURRENT_TIMESTAMP,
           CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, 1, false, false
    FROM generate_series(%s, %s) AS i JOIN auth_user ON username = 'user' || i
"""
ADD_CONNECT_ACCOUNTS = """
    INSERT INTO corbado_auth_connectaccount
           (user_id, project_id, handle, corbado_user_id, created_at, first_sign_in_at,
            last_sign_in_at, sign_in_count, is_new_user)
    SELECT auth_user.id, %s, 'usr-' || i, 'usr-' || i, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP,
           CURRENT_TIMESTAMP, 1, false
    FROM generate_series(%s, %s) AS i JOIN auth_user ON username = 'user' || i
"""
# What a session of someone signed in takes.
ADD_SESSIONS = """
    INSERT INTO django_session (session_key, session_data, expire_date)
    SELECT md5(i::text), repeat('x', 260),
           CURRENT_TIMESTAMP + CASE WHEN i <= %s THEN -interval '1 day' ELSE interval '1 day' END
    FROM generate_series(1, %s) AS i
"""
