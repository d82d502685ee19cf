"""Database of an ERP: its tables on a real PostgreSQL server, filled by the rows of a test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postgresql import PostgresqlServer

TABLES: Final = Path(__file__).with_name("erp_tables.sql").read_text(encoding="utf-8")
READER: Final = "reader"
READER_PASSWORD: Final = "s3cret of p@rt/1?#"
"""A password with all characters that are reserved in a URL."""
_KEPT_BY_ERP: Final = {"ad_client_id": "0", "ad_org_id": "0", "createdby": "100", "updatedby": "100"}
_OF_TABLE: Final[Mapping[str, Mapping[str, str]]] = {"ad_process": {"accesslevel": "3"}}
_CLOCK: Final = re.compile(r"\d{2}:\d{2}:\d{2}")


class Erp:
    """One database. `address` is that of a user who may only read it."""

    def __init__(self, server: PostgresqlServer, name: str) -> None:
        self.server = server
        self.name = name
        self.address = server.url(name, user=READER, password=READER_PASSWORD)
        self.address_without_password = server.url(name, user=READER, password="")

    def execute(self, statements: str) -> None:
        """Run SQL as the owner."""
        with psycopg.connect(self.server.url(self.name)) as connection:
            connection.execute(statements.encode())

    def insert(self, table: str, *rows: Mapping[str, Any]) -> None:
        """Insert rows by column name. A time of day becomes a timestamp, as the ERP stores it."""
        with psycopg.connect(self.server.url(self.name)) as connection:
            for row in rows:
                given = {**_KEPT_BY_ERP, **_OF_TABLE.get(table, {})}
                given |= {name.lower(): value for name, value in row.items() if value is not None}
                values = [
                    f"1970-01-01 {value}" if _CLOCK.fullmatch(str(value)) else str(value) for value in given.values()
                ]
                statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(map(sql.Identifier, given)),
                    sql.SQL(", ").join(sql.Placeholder() for _ in given),
                )
                connection.execute(statement, values)


def new_erp(server: PostgresqlServer, name: str) -> Erp:
    """Create a database with the tables of an ERP, in which the reader may only read."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    found = Erp(server, name)
    found.execute(f"{TABLES}\nGRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")
    return found
