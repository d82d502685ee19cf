"""Tables of the ERP, read from its PostgreSQL database with SELECT statements in one read-only transaction.

psycopg is the extra `etendo` of this package. Neighbours: `etendo_tables.py` reads exports, `database_address.py` checks
the address.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from process_operator.plugin.errors import CommandError
from process_operator.plugin.importing.database_address import check_address, place_of
from process_operator.plugin.importing.etendo_tables import GROUPS, MEMBERS, NEEDED, PROCESSES, REQUESTS, Tables

if TYPE_CHECKING:
    import psycopg

    from process_operator.plugin.importing.etendo_timing import Row

_EXTRA: Final = "process-operator[etendo]"
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    REQUESTS: (
        *("AD_PROCESS_REQUEST_ID", "ISACTIVE", "DESCRIPTION", "STATUS", "TIMING_OPTION", "FREQUENCY", "PARAMS", "CRON"),
        *("AD_PROCESS_ID", "AD_PROCESS_GROUP_ID", "ISGROUP"),
        *("START_DATE", "START_TIME", "FINISHES", "FINISHES_DATE", "FINISHES_TIME"),
        *("SECONDLY_INTERVAL", "MINUTELY_INTERVAL", "HOURLY_INTERVAL", "DAILY_INTERVAL", "DAILY_OPTION"),
        *("SECONDLY_REPETITIONS", "MINUTELY_REPETITIONS", "HOURLY_REPETITIONS"),
        *("DAY_MON", "DAY_TUE", "DAY_WED", "DAY_THU", "DAY_FRI", "DAY_SAT", "DAY_SUN"),
        *("MONTHLY_OPTION", "MONTHLY_SPECIFIC_DAY", "MONTHLY_DAY_OF_WEEK"),
    ),
    PROCESSES: ("AD_PROCESS_ID", "VALUE", "NAME", "CLASSNAME", "PREVENTCONCURRENT"),
    GROUPS: ("AD_PROCESS_GROUP_ID", "NAME", "DESCRIPTION", "PREVENTCONCURRENT", "STOPWHENFAIL"),
    MEMBERS: ("AD_PROCESS_GROUP_LIST_ID", "AD_PROCESS_GROUP_ID", "AD_PROCESS_ID", "SEQNO", "ISACTIVE"),
}
"""Columns that the import reads; the first one is the key, by which rows are ordered.

Columns and tables that a release of the ERP lacks are left out. The context of a user (OB_CONTEXT) stays in the database.
"""
_COLUMNS_OF: Final = (
    "SELECT upper(attname) FROM pg_catalog.pg_attribute "
    "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
)


@contextmanager
def open_tables(address: str) -> Iterator[Tables]:
    """Open the tables of a database. The rows of the requests arrive from the server while the caller reads them.

    `address` is a URL or a connection string of libpq. What it leaves out comes from PGHOST, PGPASSWORD, PGSERVICE and
    the like, and from the password file, as in psql. Raises CommandError, without the password.
    """
    psycopg = _psycopg()
    check_address(address)
    try:
        # Client encoding: with SQL_ASCII psycopg returns bytes.
        with psycopg.connect(
            address, client_encoding="utf8", fallback_application_name="kubectl-process"
        ) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.execute("SELECT set_config('datestyle', 'ISO', true)")
            if missing := [name for name in NEEDED if name not in _columns(connection, REQUESTS)]:
                raise CommandError(
                    f"{place_of(connection.info)} has no column {' and no column '.join(missing)} in a table {REQUESTS}: "
                    "check the database and its search_path"
                )
            others = [list(_rows(connection, name)) for name in (PROCESSES, GROUPS, MEMBERS)]
            # A stream that is left open holds the lock of the connection.
            with closing(_rows(connection, REQUESTS)) as requests:
                yield Tables(requests, *others)
    except psycopg.Error as error:
        words = " ".join(str(error).split()) or type(error).__name__
        raise CommandError(f"the database cannot be read: {words}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"the database has a text that is not UTF-8: {error}") from error


def _psycopg() -> Any:
    try:
        import psycopg  # noqa: PLC0415 - an extra, which only this import needs
    except ImportError:
        message = f"--from-database needs psycopg: install {_EXTRA}, as in uv tool install '{_EXTRA}'"
        raise CommandError(message) from None
    return psycopg


def _columns(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """List the columns of a table that the import reads; none if there is no such table."""
    found = {name for (name,) in connection.execute(_COLUMNS_OF, (table.lower(),))}
    return [column for column in _COLUMNS[table] if column in found]


def _rows(connection: psycopg.Connection[Any], table: str) -> Generator[Row, None, None]:
    """Read the rows of a table one by one. Every value is the text that an export has; empty for null."""
    from psycopg import sql  # noqa: PLC0415

    columns = _columns(connection, table)
    if not columns:
        return
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column.lower())) for column in columns)
    query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
        texts, sql.Identifier(table.lower()), sql.Identifier(columns[0].lower())
    )
    with connection.cursor() as cursor:
        stream: Any = cursor.stream(query)
        with closing(stream):
            for row in stream:
                yield {column: value or "" for column, value in zip(columns, row, strict=True)}
