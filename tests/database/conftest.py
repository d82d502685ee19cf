"""PostgreSQL server for the tests of this folder."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from tests.database.erp import READER, READER_PASSWORD, Erp, new_erp

from postgresql import PostgresqlServer, running_server

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresqlServer]:
    """A server that logs all statements, with a user who may only read."""
    with running_server("of the owner", log_statement="all") as started:
        with psycopg.connect(started.url()) as connection:
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(READER), sql.Literal(READER_PASSWORD)))
        yield started


@pytest.fixture
def erp(server: PostgresqlServer) -> Erp:
    """A database with the tables of the ERP, empty."""
    return new_erp(server, f"etendo{next(_NUMBERS)}")
