# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host is rid of what nodeadm has installed on it. Runs on hosts, as root."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import unit
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import Failed, run, write
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.host import (
    NODEADM,
    RECORD,
    REGISTRATION,
    agent_unit,
    installation,
    instance_id,
    left,
    mounts,
    owned,
    profiles,
    record,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import (
    SSM,
    TRACKER,
    Installation,
    finished,
    tracked,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.leave import foreign, leftovers
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.nodeadm import nodeadm
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.packages import forget_upgrade, orphans_kept

UNDEREGISTERED = (
    "The host is still registered with Systems Manager, maybe as its role has not ssm:DescribeInstanceInformation and "
    "ssm:DeregisterManagedInstance: deregister it (ssm_managed_instance), and uninstall with deregistered: true"
)


def absent(module: Any) -> dict[str, Any]:
    """What nodeadm installed is gone, but for what it leaves, which goes or is told. Raises Failed."""
    params, found = module.params, installation()
    uninstalls = found.complete or (found.half_finished and bool(record()))
    if uninstalls:
        _require_own(found, params["foreign"])
    stays = has_own_containerd(found)
    number = instance_id()
    if uninstalls and not module.check_mode:
        _uninstall(found, params)
    gone, stay = leftovers(left(), mounts(), containerd_stays=stays)
    ours = uninstalls or bool(record())
    removes = gone if params["leftovers"] == "remove" and ours else []
    if not module.check_mode:
        if ours:
            forget_upgrade()
        for path in removes:
            _remove(Path(path))
        if ours:
            RECORD.unlink(missing_ok=True)  # last: it is what a run goes by that takes up one that was killed
    return {
        "changed": uninstalls or bool(removes),
        "uninstalled": uninstalls,
        "instance_id": number,
        "removed": removes,
        "leftovers": [*([] if removes else gone), *stay],
    }


def has_own_containerd(found: Installation) -> bool:
    """Whether there is a containerd that nodeadm does not care for."""
    return tracked(found.tracker).get("containerd", "none") == "none" and record().get("containerd_before") is not False


def _require_own(found: Installation, choice: str) -> None:
    lost = foreign(owned(), profiles(), ssm=found.provider == SSM or "Ssm" in found.artifacts)
    if lost and choice == "refuse":
        raise Failed(
            f"nodeadm uninstall would remove what is not its own: {', '.join(lost)}. Move it elsewhere, or let it go "
            "(foreign: remove). Nothing was changed"
        )


def _uninstall(found: Installation, params: dict[str, Any]) -> None:
    if not NODEADM.exists():
        raise Failed(f"{NODEADM} is not there, without which nothing is uninstalled: install the same version again")
    if not found.complete:  # without a tracker, nodeadm would do nothing
        write(Path(TRACKER), finished(found, "distro"), 0o644)
    if params["deregistered"]:
        _forget_registration()
    skips = ["--skip", "pod-validation,node-validation"] if params["skip_validation"] else []
    try:
        with orphans_kept():
            nodeadm("uninstall", *skips, timeout=params["timeout"])
    except Failed as failure:
        if not instance_id() or unit("ActiveState").get("ActiveState") == "active":
            raise
        raise Failed(f"{failure}. {UNDEREGISTERED}", registered=True) from None
    run("systemctl", "daemon-reload")
    after = installation()
    if after.complete or after.half_finished:
        what = ", ".join([*([TRACKER] if after.complete else []), *after.artifacts])
        raise Failed(f"nodeadm uninstall ended with 0, but {what} is still there: look at nodeadm uninstall by hand")


def _forget_registration() -> None:
    """nodeadm deregisters a host that is registered, and ends if it may not."""
    run("systemctl", "stop", agent_unit())
    REGISTRATION.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
