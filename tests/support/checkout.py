# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the checkout is, and how Ansible and Python find it as the collection ``flotilla.eks``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTIONS = CHECKOUT / ".venv" / "collections"
LINK = COLLECTIONS / "ansible_collections" / "flotilla" / "eks"


def install_collection() -> None:
    """Make ``ansible_collections.flotilla.eks`` importable as Ansible does; the link is usually made by ``make``."""
    from ansible.plugins.loader import init_plugin_loader

    LINK.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # another worker was faster
        LINK.symlink_to("../../../..")
    init_plugin_loader([str(COLLECTIONS)])
