# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the checkout is, how Ansible and Python find it as the collection ``flotilla.eks``, and a clean copy of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTIONS = CHECKOUT / ".venv" / "collections"
LINK = COLLECTIONS / "ansible_collections" / "flotilla" / "eks"


def install_collection() -> None:
    """Make ``ansible_collections.flotilla.eks`` importable as Ansible does; the link is usually made by ``make``."""
    # Importing Ansible makes directories in its home.
    os.environ.setdefault("ANSIBLE_HOME", str(CHECKOUT / "build" / "ansible"))
    from ansible.plugins.loader import init_plugin_loader

    LINK.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # another worker was faster
        LINK.symlink_to("../../../..")
    init_plugin_loader([str(COLLECTIONS)])


def copy_checkout(target: Path) -> None:
    """Copy what git tracks or would track to ``target``, which is emptied before: no caches, nothing that was built."""
    shutil.rmtree(target, ignore_errors=True)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (CHECKOUT / name).exists():  # a deleted file is listed until its deletion is committed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, target / name, follow_symlinks=False)
