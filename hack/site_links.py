"""Links of the built site that leave it: a link to a file of the repository, such as an example, becomes its text.

`hack/docs.sh` calls this. Code hosts show the pages with these links.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

_LINK: Final = re.compile(r'<a href="(\.\./[^"#]*)(?:#[^"]*)?"[^>]*>(.*?)</a>', re.DOTALL)


def without_links_out_of_the_site(html: str, page: Path, site: Path) -> str:
    """The page with its relative links to places inside of the site alone."""

    def keep(match: re.Match[str]) -> str:
        target = (page.parent / match[1]).resolve()
        return match[0] if target.is_relative_to(site) and target.exists() else match[2]

    return _LINK.sub(keep, html)


def main(site: Path) -> None:
    """Change all pages below a folder."""
    for page in site.rglob("*.html"):
        before = page.read_text()
        after = without_links_out_of_the_site(before, page, site)
        if after != before:
            page.write_text(after)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
