# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every host has to have to become a node, wherever it stands. Pure, and runs on hosts."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import Facts, Problem, Unknown

USABLE = ("ACTIVE", "UPDATING")
"""The states of a cluster that nodes can join."""
OLDEST = 3
"""How many minor versions a kubelet may be behind the API server. https://kubernetes.io/releases/version-skew-policy/"""
_MINOR = re.compile(r"v?1\.(\d+)")


def privileges(facts: Facts) -> Problem | None:
    """Root alone makes nodes."""
    if facts["uid"] == 0:
        return None
    return Problem(
        f"tasks run as the user with the id {facts['uid']}", "Set become: true, with a user who may use sudo"
    )


def cluster_is_usable(facts: Facts) -> Problem | None:
    """A cluster that is there."""
    status = facts["cluster"].get("status")
    if status in USABLE:
        return None
    return Problem(f"the cluster is {status}", "Nodes join a cluster that is ACTIVE: run again when it is")


def skew(kubelet: Any, facts: Facts, fix: str) -> Problem | Unknown | None:
    """A kubelet is not newer than the control plane, and not much older."""
    node, control_plane = minor(kubelet), minor(facts["cluster"].get("version"))
    if node is None or control_plane is None:
        return Unknown("which versions kubelet and cluster have")
    if control_plane - OLDEST <= node <= control_plane:
        return None
    which = "newer than" if node > control_plane else f"more than {OLDEST} minor versions older than"
    return Problem(f"its kubelet {kubelet} is {which} the cluster's {facts['cluster']['version']}", fix)


def endpoint(facts: Facts, fix: str) -> Problem | Unknown | None:
    """The API of the cluster answers."""
    if not facts["cluster"].get("endpoint"):
        return Unknown("where the endpoint of the cluster is")
    if not facts["endpoint"]:
        return None
    url = facts["cluster"]["endpoint"]
    return Problem(f"from this host, the endpoint {url} cannot be used ({facts['endpoint']})", fix)


def minor(version: Any) -> int | None:
    """34 of v1.34.1-eks-1, and of 1.34."""
    found = _MINOR.match(str(version or ""))
    return int(found.group(1)) if found else None
