# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The NodeConfig of a machine on premises, all of it that is no secret. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.node import problems
from ansible_collections.flotilla.eks.plugins.plugin_utils._node_config import node_config
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_of
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_al2023 import spec_of
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import UserDataError, mapping

_ANYWHERE = {
    "node_name": "nodeName",
    "trust_anchor_arn": "trustAnchorArn",
    "profile_arn": "profileArn",
    "role_arn": "roleArn",
    "certificate_path": "certificatePath",
    "private_key_path": "privateKeyPath",
}


def hybrid_node_config(
    cluster: Mapping[str, Any],
    *,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Mapping[str, Any]] | None = None,
    max_pods: int | None = None,
    cluster_dns: str | Sequence[str] | None = None,
    kubelet: Mapping[str, Any] | None = None,
    kubelet_flags: Sequence[str] | None = None,
    containerd: str = "",
    iam_roles_anywhere: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """With all that nodeadm would otherwise ask AWS for, so that the role of the nodes needs no right to ask.

    Raises UserDataError.
    """
    given = {"kubelet": kubelet or {}, "kubelet_flags": kubelet_flags or []}
    spec = spec_of(node_of(cluster, labels, taints, max_pods, cluster_dns, given))
    if containerd:
        _check_toml(containerd)
        spec["containerd"] = {"config": containerd}
    made = node_config(
        {
            **spec,
            "cluster": {**spec["cluster"], "region": str(cluster.get("arn", ":::")).split(":")[3]},
            "hybrid": {"iamRolesAnywhere": _anywhere(iam_roles_anywhere)} if iam_roles_anywhere else {"ssm": {}},
        }
    )
    for problem in problems(made):
        raise UserDataError(problem)
    return made


def _anywhere(given: Mapping[str, str]) -> dict[str, str]:
    members = mapping("iam_roles_anywhere", given)
    unknown = members.keys() - _ANYWHERE
    if unknown:
        raise UserDataError(f"iam_roles_anywhere: {min(unknown)} is unknown; choose {', '.join(_ANYWHERE)}")
    return {_ANYWHERE[name]: value for name, value in members.items() if value}


def _check_toml(config: str) -> None:
    try:
        tomllib.loads(config)
    except tomllib.TOMLDecodeError as error:
        raise UserDataError(f"containerd is not valid TOML: {error}") from None
