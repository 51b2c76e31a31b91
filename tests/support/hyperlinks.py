# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the links of a site of HTML pages lead somewhere.

Those within it have to lead to a page and an anchor that are there. Of those to other sites only the form is judged:
tests have no internet.
"""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ELSEWHERE = ("https", "http", "mailto")


class Page(HTMLParser):
    """The anchors of a page, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.anchors |= {told[name] for name in ("id", "name") if told.get(name)}
        self.links += [told[name] for name in ("href", "src") if name in told]


def broken(site: Path) -> list[str]:
    """What is wrong with the links below a directory, a line each."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    return [
        f"{path.relative_to(site)}: {link}: {problem}"
        for path, page in pages.items()
        for link in dict.fromkeys(page.links)
        if (problem := _problem(link, path, site, pages))
    ]


def _problem(link: str, path: Path, site: Path, pages: Mapping[Path, Page]) -> str:
    parts = urlsplit(link)
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        well_formed = parts.scheme in ELSEWHERE and (parts.netloc or parts.scheme == "mailto") and " " not in link
        return "" if well_formed else "is no address"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file() or not target.is_relative_to(site.resolve()):
        return "there is no such file"
    if target in pages and parts.fragment and unquote(parts.fragment) not in pages[target].anchors:
        return "the page has no such anchor"
    return ""
