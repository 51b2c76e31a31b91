# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for apt, apt-get and apt-mark, as far as nodeadm takes packages along that are none of its own.

https://manpages.debian.org/bookworm/apt/apt-get.8.en.html, apt.8 and apt-mark.8
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PACKAGES = Path("/etc/stand-ins/packages.json")
"""By name: ``auto``, whether it was installed for another one, ``needed``, whether one is there that needs it,
``new``, whether there is a newer version, and ``held``."""
Packages = dict[str, dict[str, bool]]
CHANGES: dict[str, dict[str, bool]] = {
    "manual": {"auto": False},
    "auto": {"auto": True},
    "hold": {"held": True},
    "unhold": {"held": False},
}


def main() -> None:
    """One command."""
    packages: Packages = json.loads(PACKAGES.read_text())
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    simulates = "--simulate" in sys.argv
    verb, names = words[0], [name for name in words[1:] if name in packages]
    if verb in CHANGES:
        for name in names:
            packages[name] |= CHANGES[verb]
    elif verb in ("upgrade", "install"):  # apt upgrade NAME upgrades all others as well
        chosen = names if verb == "install" else packages
        for name in [name for name in chosen if packages[name]["new"] and not packages[name]["held"]]:
            print(f"Inst {name} [1.0] (2.0 Debian:12/stable [amd64])")
            packages[name]["new"] = False
    elif verb == "autoremove":
        orphans = [name for name, one in packages.items() if one["auto"] and not one["needed"]]
        for name in {*names, *orphans}:
            print(f"Remv {name} [1.0]")
            del packages[name]
    if not simulates:
        PACKAGES.write_text(json.dumps(packages))


if __name__ == "__main__":
    main()
