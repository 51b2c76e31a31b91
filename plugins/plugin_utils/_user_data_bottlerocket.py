# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data of Bottlerocket: its settings in TOML (https://bottlerocket.dev/en/os/latest/api/settings/). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._documents import merged
from ansible_collections.flotilla.eks.plugins.plugin_utils._documents import as_toml
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import Node, UserDataError, mapping

_OF_THE_CLUSTER = ("cluster-name", "api-server", "cluster-certificate")


def bottlerocket(node: Node, more: Mapping[str, Any]) -> str:
    """The node's settings with ``more`` over them. Raises UserDataError."""
    given = mapping("settings", more)
    for key in _OF_THE_CLUSTER:
        if key in mapping("settings.kubernetes", given.get("kubernetes", {})):
            raise UserDataError(f"settings.kubernetes.{key}: it is the cluster's, and follows from it; leave it out")
    return as_toml({"settings": merged({"kubernetes": _kubernetes(node)}, given)})


def _kubernetes(node: Node) -> dict[str, Any]:
    cluster = node.cluster
    taints: dict[str, list[str]] = {}
    for taint in node.taints:
        taints.setdefault(taint.key, []).append(f"{taint.value}:{taint.effect}")
    return {
        "cluster-name": cluster.name,
        "api-server": cluster.endpoint,
        "cluster-certificate": cluster.certificate_authority,
        "cluster-dns-ip": node.dns[0] if len(node.dns) == 1 else list(node.dns),
        "max-pods": node.max_pods,
        **({"node-labels": node.labels} if node.labels else {}),
        **({"node-taints": taints} if taints else {}),
    }
