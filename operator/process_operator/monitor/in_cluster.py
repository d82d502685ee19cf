"""`process-operator monitor`: the monitor in a cluster, from its settings to its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import structlog

from process_operator.cluster.bearer import BearerPool
from process_operator.monitor.cluster_mode import ClusterMode
from process_operator.monitor.pages import Pages
from process_operator.monitor.routes import application
from process_operator.monitor.server import serving, until_stopped
from process_operator.settings import ConfigurationError

if TYPE_CHECKING:
    from process_operator.monitor.settings import MonitorSettings

USER_AGENT: Final = "process-operator-monitor"
_logger = structlog.get_logger(__name__)


def log_as_json() -> None:
    """Write one line of JSON for each entry to standard error."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


async def run_monitor(settings: MonitorSettings) -> None:
    """Serve until SIGTERM. Raises ConfigurationError if the port or the CA certificates cannot be used."""
    pool = BearerPool(settings.api_server, settings.ca_file, user_agent=USER_AGENT)
    try:
        app = application(ClusterMode(settings, pool), Pages())
        async with serving(app, settings.http_host, settings.http_port) as port:
            _logger.info("serving", port=port, public_url=settings.public_url, api_server=settings.api_server)
            await until_stopped()
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {settings.http_host}:{settings.http_port}: {error}") from error
    finally:
        await pool.close()
