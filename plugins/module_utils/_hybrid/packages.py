# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps packages that are none of nodeadm's as they are, where the system has apt. Runs on hosts, as root.

To upgrade containerd, nodeadm runs ``apt upgrade containerd``, which upgrades all packages; to remove it,
``apt autoremove containerd``, which also removes all that nothing needs any more, whatever brought it
(github.com/aws/eks-hybrid: internal/packagemanager).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import said, text
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import Failed, run, write
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.host import UPGRADE

OWN = ("containerd", "containerd.io", "runc", "iptables")
"""What nodeadm installs, and upgrades with what it needs."""
SIMULATE = ("apt-get", "--simulate")
PATIENCE = 60  # seconds
_STEP = re.compile(r"^(Inst|Remv) (\S+)", re.MULTILINE)


def steps(simulated: str, verb: str) -> list[str]:
    """The packages that apt-get would install, or upgrade (``Inst``), or remove (``Remv``)."""
    return sorted({name for step, name in _STEP.findall(simulated) if step == verb})


def strangers(everything: Iterable[str], own: Iterable[str]) -> list[str]:
    """The packages that an upgrade would take along."""
    return sorted(set(everything) - set(own) - set(OWN))


def upgradable() -> list[str]:
    """The packages to hold while nodeadm upgrades containerd; none that are held already, which apt leaves out."""
    if not shutil.which("apt-get"):
        return []
    everything = steps(said(*SIMULATE, "upgrade", timeout=PATIENCE), "Inst")
    return strangers(everything, steps(said(*SIMULATE, "install", "--only-upgrade", *OWN, timeout=PATIENCE), "Inst"))


def mark(how: str, packages: Iterable[str]) -> None:
    """``hold``, ``unhold``, ``manual`` or ``auto``. Raises Failed."""
    names = list(packages)
    done = run("apt-mark", how, *names) if names else None
    if done and done.returncode:
        raise Failed(f"apt-mark {how} {' '.join(names)}: {done.stderr.strip()}")


@contextmanager
def strangers_held(containerd: bool) -> Iterator[None]:
    """An upgrade of the node is one of nodeadm's packages alone, of which ``containerd`` may be none. Which others it
    has held is written down before, for the run that takes up one that was killed."""
    names = sorted({*held(), *(upgradable() if containerd else ())})
    write(UPGRADE, json.dumps({"done": False, "held": names}))
    mark("hold", names)
    try:
        yield
    finally:
        mark("unhold", names)
        write(UPGRADE, json.dumps({"done": False}))


def forget_upgrade() -> None:
    """What an upgrade has held that was killed, and that nobody takes up any more."""
    mark("unhold", held())
    UPGRADE.unlink(missing_ok=True)


def held() -> list[str]:
    """The packages that an upgrade holds, or held when it was killed."""
    try:
        return list(json.loads(text(UPGRADE)).get("held") or [])
    except (ValueError, AttributeError):
        return []


@contextmanager
def orphans_kept() -> Iterator[None]:
    """What nothing needs stays, as if somebody had installed it; what only containerd needs goes with it."""
    orphans = steps(said(*SIMULATE, "autoremove", timeout=PATIENCE), "Remv") if shutil.which("apt-get") else []
    mark("manual", orphans)
    try:
        yield
    finally:
        mark("auto", orphans)
