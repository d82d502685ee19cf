"""Headers of every response: a strict policy for the page, and no caching of what a person may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp.hdrs import CACHE_CONTROL, SERVER

if TYPE_CHECKING:
    from aiohttp import web

_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_FEATURES: Final = ("camera", "display-capture", "geolocation", "microphone", "payment", "serial", "usb")

HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001 - the signal of aiohttp
    """Add the headers to a response that is about to be sent. Only a static file sets its own Cache-Control."""
    response.headers.update(HEADERS)
    response.headers.setdefault(CACHE_CONTROL, "no-store")
    response.headers[SERVER] = "process-monitor"
