# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation into ``build/docs/html``: what antsibull-docs writes of plugins and roles, and the guides.

Nothing is fetched. A warning is a failure, and so is a link within the site that leads nowhere. What was built before
and has not changed is not built again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from support.checkout import CHECKOUT
from support.hyperlinks import broken

DOCSITE = CHECKOUT / "docs" / "docsite"
BUILD = CHECKOUT / "build" / "docs"
SOURCE, HTML = BUILD / "rst", BUILD / "html"


def write_reference() -> None:
    """What antsibull-docs makes of the collection: pages of all plugins and roles, with our guides among them."""
    SOURCE.mkdir(parents=True, mode=0o755, exist_ok=True)  # antsibull-docs refuses one that others may write to
    command = ["antsibull-docs", "--config-file", str(DOCSITE / "antsibull-docs.cfg"), "collection"]
    command += ["--use-current", "--squash-hierarchy", "--fail-on-error"]
    options = ["--no-add-antsibull-docs-version", "--cleanup", "everything", "--dest-dir", str(SOURCE)]
    subprocess.run([*command, *options, "flotilla.eks"], check=True)


def build() -> None:
    """Turn it into HTML."""
    shutil.copytree(DOCSITE / "permissions", SOURCE / "permissions", dirs_exist_ok=True)  # to be shown by a guide
    command = [sys.executable, "-m", "sphinx", "-M", "html", str(SOURCE), str(BUILD), "-c", str(DOCSITE)]
    subprocess.run([*command, "-W", "--keep-going", "-q", "-j", "2"], check=True)


def main() -> int:
    """Return 0 when all was built, and every link leads somewhere."""
    write_reference()
    build()
    lost = broken(HTML)
    print(*lost, sep="\n", file=sys.stderr, end="\n" if lost else "")
    print(f"{len(list(HTML.rglob('*.html')))} pages are in {HTML.relative_to(CHECKOUT)}, begin with index.html")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
