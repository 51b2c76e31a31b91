# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kubelet reports of a pod. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from ..objects import Object
from .pods import with_conditions

_MISSING = "does-not-exist"
"""An image whose name has this in it is in no registry."""


def starting(pod: Object, node: Object, now: str) -> dict[str, Any]:
    """The status of a pod that a kubelet begins to start."""
    addresses = (node.get("status") or {}).get("addresses") or []
    host = next((one["address"] for one in addresses if one["type"] == "InternalIP"), "")
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    containers = [_container(one, waiting, works=False) for one in pod["spec"]["containers"]]
    status = {**pod["status"], "startTime": now, "hostIP": host, "containerStatuses": containers}
    states = {"Initialized": "True", "PodScheduled": "True"} | dict.fromkeys(("ContainersReady", "Ready"), "False")
    return _with(status, states, now)


def started(pod: Object, address: str, now: str) -> dict[str, Any]:
    """The status of a pod whose containers have been started: it runs, or images are missing."""
    spec, status = pod["spec"], pod["status"]
    if any(_MISSING in container["image"] for container in spec["containers"]):
        return {**status, "containerStatuses": [_attempted(one, now) for one in spec["containers"]]}
    running = {"running": {"startedAt": now}}
    containers = [_container(one, running, works=True) for one in spec["containers"]]
    status = {
        **status,
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "containerStatuses": containers,
    }
    if spec.get("initContainers"):
        done = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}
        status["initContainerStatuses"] = [_container(one, done, works=True) for one in spec["initContainers"]]
    return _with(status, dict.fromkeys(("PodReadyToStartContainers", "ContainersReady", "Ready"), "True"), now)


def _with(status: dict[str, Any], states: dict[str, str], now: str) -> dict[str, Any]:
    return with_conditions(status, now, [{"type": kind, "status": state} for kind, state in states.items()])


def _attempted(container: dict[str, Any], now: str) -> dict[str, Any]:
    image = container["image"]
    if _MISSING not in image:
        return _container(container, {"running": {"startedAt": now}}, works=True)
    message = f'Back-off pulling image "{image}": not found'
    return _container(container, {"waiting": {"reason": "ImagePullBackOff", "message": message}}, works=False)


def _container(container: dict[str, Any], state: dict[str, Any], works: bool) -> dict[str, Any]:
    """A ContainerStatus with the members that clients insist on (API reference)."""
    status = {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": works,
        "restartCount": 0,
        "started": works,
        "state": state,
    }
    if works:
        digest = hashlib.sha256(container["image"].encode()).hexdigest()
        status["imageID"] = f"{container['image'].partition('@')[0].partition(':')[0]}@sha256:{digest}"
    return status
