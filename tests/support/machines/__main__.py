# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes all that machines for tests need on this computer: ``python -m support.machines``, in tests/, as root."""

from __future__ import annotations

import os
import sys

from support.machines.base import CannotMake, base, hindrance, install, missing_packages


def main() -> None:
    """Install the packages that are missing, and make the base. Ends with one clear error where that is impossible.

    With --possible, only say whether it is.
    """
    if "--possible" in sys.argv:
        sys.exit(hindrance() or 0)
    try:
        missing = missing_packages()
        if missing and os.geteuid() == 0:
            print(f"Installing on this computer, by apt-get: {', '.join(missing)}", flush=True)
            install(missing)
        base()
    except CannotMake as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
