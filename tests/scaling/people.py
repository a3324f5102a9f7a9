"""Who comes to the site, and whether its rows are whole afterwards."""

from __future__ import annotations

from itertools import count

from tests.scaling.servers import Farm
from tests.scaling.visitors import Person

ADD_USER = """
    INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email,
                           is_staff, is_active, date_joined)
    VALUES ('!', false, %s, '', '', %s, false, true, CURRENT_TIMESTAMP) RETURNING id
"""
ADD_ACCOUNT = """
    INSERT INTO corbado_auth_corbadoaccount
           (user_id, project_id, corbado_user_id, email, created_at, sign_in_count,
            awaits_proof, is_new_user)
    VALUES (%s, 'pro-1', %s, %s, CURRENT_TIMESTAMP, 0, false, false)
"""

_numbers = count()


def invite(farm: Farm, how_many: int) -> list[Person]:
    """Make people: a third comes back, a third is linked, a third is new.

    A quarter has a session with a basket before; some of the new ones come in two tabs at once.
    """
    people = []
    with farm.database() as database:
        for number in range(how_many):
            email = f"person{next(_numbers)}@example.com"
            person = Person(email, farm.corbado.add_user(email)["ID"], has_basket=number % 4 == 1)
            if number % 3 != 2:
                row = database.execute(ADD_USER, [email, email]).fetchone()
                person.user = row[0] if row else None
            if number % 3 == 0:
                database.execute(ADD_ACCOUNT, [person.user, person.corbado_user_id, email])
            person.two_tabs = number % 12 == 2
            people.append(person)
    return people


def half_made(farm: Farm) -> list[str]:
    """Say what is not whole: nothing, where all is well."""
    questions = {
        "an account without a user": """
            SELECT a.corbado_user_id FROM corbado_auth_corbadoaccount AS a
            LEFT JOIN auth_user AS u ON u.id = a.user_id WHERE u.id IS NULL""",
        "a user who was created and has no account": """
            SELECT u.username FROM auth_user AS u
            LEFT JOIN corbado_auth_corbadoaccount AS a ON a.user_id = u.id
            WHERE a.id IS NULL AND u.username LIKE 'usr-%'""",
        "two users for one person": """
            SELECT email FROM auth_user GROUP BY email HAVING count(*) > 1""",
        "two accounts for one person": """
            SELECT corbado_user_id FROM corbado_auth_corbadoaccount
            GROUP BY corbado_user_id HAVING count(*) > 1""",
        "an account of another person's user": """
            SELECT a.corbado_user_id FROM corbado_auth_corbadoaccount AS a
            JOIN auth_user AS u ON u.id = a.user_id WHERE a.email NOT IN ('', u.email)""",
    }
    return [
        f"{what}: {row[0]}" for what, question in questions.items() for row in farm.rows(question)
    ]
