"""What sign-ins leave behind: rows, bytes, connections, Redis memory."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean

import redis

from tests.scaling.servers import Farm

TABLES = ("django_session", "corbado_auth_corbadoaccount", "auth_user")
CLIENTS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Footprint:
    """``log`` is the position in the write-ahead log, in bytes, when the look began and ended.

    Redis bytes are per session.
    """

    rows: dict[str, int]
    bytes_a_row: dict[str, float]
    log: tuple[int, int]
    connections: int
    redis_bytes: float

    def rows_since(self, before: Footprint) -> dict[str, int]:
        """Return how many rows came."""
        return {table: self.rows[table] - before.rows[table] for table in TABLES}


def look_at(farm: Farm) -> Footprint:
    """Measure tables with their indexes, without what updates left behind."""
    rows: dict[str, int] = {}
    sizes: dict[str, float] = {}
    ((connections,),) = farm.rows(CLIENTS)
    began = _log_position(farm)
    with farm.database() as database:
        for table in TABLES:
            database.execute(f"VACUUM FULL {table}")
            ((rows[table],),) = farm.rows(f"SELECT count(*) FROM {table}")  # noqa: S608
            ((size,),) = farm.rows(f"SELECT pg_total_relation_size('{table}')")  # noqa: S608
            sizes[table] = size / max(rows[table], 1)
    with redis.Redis(port=farm.redis.port) as client:
        usages = [client.memory_usage(key) or 0 for key in client.scan_iter("*cached_db*")]
    return Footprint(
        rows, sizes, (began, _log_position(farm)), connections, mean(usages) if usages else 0.0
    )


def _log_position(farm: Farm) -> int:
    ((position,),) = farm.rows("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    return int(position)
