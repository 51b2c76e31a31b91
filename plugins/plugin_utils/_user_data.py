# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user data by which an EC2 instance joins a cluster. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_al2023 import al2023, merged
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_bottlerocket import bottlerocket
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import (
    Node,
    UserDataError,
    addresses,
    cluster_of,
    flags_of,
    labels_of,
    mapping,
    taints_of,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_ubuntu import ubuntu
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_windows import windows

MOST_BYTES = 16 * 1024
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html: "limited to 16 KB, in raw form, before it is
base64-encoded"."""
_OPTIONS: dict[str, set[str]] = {
    "al2023": {"kubelet", "kubelet_flags", "node_config", "before", "after"},
    "bottlerocket": {"settings"},
    "ubuntu": {"kubelet", "kubelet_flags", "before", "after"},
    "windows": {"kubelet_flags", "before", "after"},
}
"""What the families can be told beyond labels, taints, max_pods and cluster_dns."""

_MEMBERS = {"taints": "registerWithTaints", "max_pods": "maxPods", "cluster_dns": "clusterDNS"}
"""Which members of KubeletConfiguration options are."""


def node_user_data(
    cluster: Mapping[str, Any],
    family: str = "al2023",
    *,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Mapping[str, Any]] | None = None,
    max_pods: int | None = None,
    cluster_dns: str | Sequence[str] | None = None,
    **options: Any,
) -> str:
    """The user data, not encoded, of a node of ``cluster`` (as flotilla.eks.cluster returns it).

    ``options`` are those of the filter's documentation that not every family has. Raises UserDataError.
    """
    given = _given(family, options)
    node = node_of(cluster, labels, taints, max_pods, cluster_dns, given)
    return _sized(_written(family, node, given))


def node_config(
    cluster: Mapping[str, Any],
    *,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Mapping[str, Any]] | None = None,
    max_pods: int | None = None,
    cluster_dns: str | Sequence[str] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """The NodeConfig of an instance of Amazon Linux 2023 that is there already, for a file in /etc/eks/nodeadm.d.

    The arguments are those of `node_user_data` that a NodeConfig has a place for. Raises UserDataError.
    """
    unfit = sorted(set(options) & {"before", "after"})
    if unfit:
        raise UserDataError(f"{unfit[0]}: these are parts of user data, not of a NodeConfig; leave it out")
    given = _given("al2023", options)
    node = node_of(cluster, labels, taints, max_pods, cluster_dns, given)
    return merged(node, given.get("node_config", {}))


def _given(family: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that say something, each of which the family knows. Raises UserDataError."""
    given = {name: value for name, value in options.items() if value not in (None, "", [], {})}
    _check_options(family, given, options)
    return given


def node_of(
    cluster: Mapping[str, Any],
    labels: Mapping[str, str] | None,
    taints: Sequence[Mapping[str, Any]] | None,
    max_pods: int | None,
    cluster_dns: str | Sequence[str] | None,
    given: Mapping[str, Any],
) -> Node:
    """A node to be, of what is given of it; ``given`` may hold kubelet and kubelet_flags. Raises UserDataError."""
    kubelet = mapping("kubelet", given.get("kubelet", {}))
    _check_kubelet(kubelet, {"taints": taints, "max_pods": max_pods, "cluster_dns": cluster_dns})
    known = cluster_of(cluster)
    return Node(
        known,
        labels_of(labels or {}),
        taints_of(taints or []),
        _count(max_pods),
        addresses(cluster_dns, known),
        kubelet,
        flags_of(given.get("kubelet_flags", [])),
    )


def _written(family: str, node: Node, given: Mapping[str, Any]) -> str:
    before, after = given.get("before", []), given.get("after", [])
    if family == "al2023":
        return al2023(node, given.get("node_config", {}), before, after)
    if family == "bottlerocket":
        return bottlerocket(node, given.get("settings", {}))
    if family == "ubuntu":
        return ubuntu(node, before, after)
    return windows(node, before, after)


def _check_options(family: str, given: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    if family not in _OPTIONS:
        raise UserDataError(f"family: {family!r} is unknown; choose {', '.join(_OPTIONS)}")
    unknown = set(options).difference(*_OPTIONS.values())
    if unknown:
        raise UserDataError(f"{min(unknown)}: there is no such option")
    for name in given:
        if name not in _OPTIONS[family]:
            having = [one for one, names in _OPTIONS.items() if name in names]
            raise UserDataError(f"{name}: {family} cannot be told this, only {', '.join(having)}; leave it out")


def _check_kubelet(kubelet: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    for option, member in _MEMBERS.items():
        if member in kubelet and told[option]:
            raise UserDataError(f"kubelet.{member}: {option} says the same; give one of them")


def _count(max_pods: Any) -> int | None:
    if max_pods is None:
        return None
    if isinstance(max_pods, bool) or not str(max_pods).isdecimal() or int(max_pods) < 1:
        raise UserDataError(f"max_pods: {max_pods!r} is no number of pods; give a whole number above 0")
    return int(max_pods)


def _sized(user_data: str) -> str:
    size = len(user_data.encode())
    if size > MOST_BYTES:
        raise UserDataError(
            f"the user data has {size} bytes, but EC2 takes {MOST_BYTES}; keep long scripts elsewhere, as in S3, and "
            "fetch them from a short one"
        )
    return user_data
