"""Pages: the built files of the front end, read once at the start. A path is a key of a table, never a path of a disk."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.hdrs import ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILT: Final = Path(__file__).parent / "static"
_INDEX: Final = "index.html"
_HASHED: Final = "assets/"
"""Folder of the files whose names change with their contents."""
_NO_PAGES: Final = ("api", "assets")
_NOT_BUILT: Final = "The pages of the Process Monitor are not built: make monitor\n"
_TEXTS: Final = (".html", ".js", ".css", ".svg", ".json", ".txt", ".webmanifest")


@dataclass(frozen=True, slots=True)
class _File:
    """A file, as it is and compressed, with its headers."""

    plain: bytes
    compressed: bytes | None
    headers: Mapping[str, str]


class Pages:
    """The files of a folder. Paths without a file are pages of the application, which `index.html` draws."""

    def __init__(self, folder: Path = BUILT) -> None:
        found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
        self._files = {path.relative_to(folder).as_posix(): _read(path, folder) for path in found}

    async def get(self, request: web.Request) -> web.Response:
        """Answer a GET."""
        path = request.match_info["path"]
        file = self._files.get(path)
        # Names of objects may have dots, so the first part alone says whether it is a page.
        first = path.partition("/")[0]
        if file is None and "." not in first and first not in _NO_PAGES:
            file = self._files.get(_INDEX)
        if file is None:
            text = "Not found\n" if self._files else _NOT_BUILT
            return web.Response(status=404 if self._files else 503, text=text)
        if file.compressed is not None and "gzip" in request.headers.get(ACCEPT_ENCODING, ""):
            return web.Response(body=file.compressed, headers={**file.headers, CONTENT_ENCODING: "gzip"})
        return web.Response(body=file.plain, headers=file.headers)


def _read(path: Path, folder: Path) -> _File:
    plain = path.read_bytes()
    is_text = path.suffix in _TEXTS
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_hashed = path.relative_to(folder).as_posix().startswith(_HASHED)
    headers: dict[str, str] = {
        CONTENT_TYPE: f"{kind}; charset=utf-8" if is_text else kind,
        CACHE_CONTROL: "public, max-age=31536000, immutable" if is_hashed else "no-cache",
        VARY: ACCEPT_ENCODING,
    }
    return _File(plain, gzip.compress(plain, mtime=0) if is_text else None, headers)
