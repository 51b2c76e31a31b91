# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers for the logs of pods. Nothing runs in a simulated container, so it has said nothing."""

from __future__ import annotations

from ..wire import Response
from .calls import Call
from .errors import ApiError
from .types import NODE


def get(call: Call) -> Response:
    pod = call.objects.get(call.kind, call.namespace, call.name)
    containers = [one["name"] for one in pod["spec"]["containers"]]
    asked = call.target.parameters.get("container")
    if asked not in (None, *containers):
        raise ApiError("BadRequest", f"container {asked} is not valid for pod {call.name}")
    if not pod["spec"].get("nodeName"):
        raise ApiError("BadRequest", f"pod {call.name} does not have a host assigned")
    node = call.objects.find(NODE, "", pod["spec"]["nodeName"])
    if node is None or call.control.kubelet_obstacle(node):
        host = f"{pod['status'].get('hostIP', pod['spec']['nodeName'])}:10250"
        url = f"https://{host}/containerLogs/{call.namespace}/{call.name}/{asked or containers[0]}"
        raise ApiError("InternalError", f'Get "{url}": dial tcp {host}: i/o timeout')
    return Response(200, b"", {"Content-Type": "text/plain"})
