# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters for nodes. Each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._hybrid_cni import hybrid_cni_values
from ansible_collections.flotilla.eks.plugins.plugin_utils._hybrid_config import hybrid_node_config
from ansible_collections.flotilla.eks.plugins.plugin_utils._hybrid_proxy import hybrid_proxy
from ansible_collections.flotilla.eks.plugins.plugin_utils._membership import cluster_of
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_nodes import plan_self_managed_nodes
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_removal import plan_self_managed_removal
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_roll import roll_of
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_config, node_user_data


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "cluster_of": cluster_of,
            "hybrid_cni_values": hybrid_cni_values,
            "hybrid_node_config": hybrid_node_config,
            "hybrid_proxy": hybrid_proxy,
            "node_config": node_config,
            "node_user_data": node_user_data,
            "self_managed_nodes_plan": plan_self_managed_nodes,
            "self_managed_nodes_removal": plan_self_managed_removal,
            "self_managed_nodes_roll": roll_of,
        }
