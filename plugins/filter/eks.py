# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All filters of the collection. Each is documented in the YAML file of its name.

Ansible loads every file here in each process of a task that uses any of these filters, and compiles what they import
each time. So a filter's own code is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

PLUGINS = "ansible_collections.flotilla.eks.plugins"

# Where the function behind each filter is, and its name there.
FILTERS = {
    "cluster_of": ("plugin_utils._membership", "cluster_of"),
    "endpoint_hint": ("module_utils._kubernetes.endpoint", "hint"),
    "hybrid_cni_values": ("plugin_utils._hybrid_cni", "hybrid_cni_values"),
    "hybrid_node_config": ("plugin_utils._hybrid_config", "hybrid_node_config"),
    "hybrid_proxy": ("plugin_utils._hybrid_proxy", "hybrid_proxy"),
    "iam_plan": ("plugin_utils._iam", "plan_roles"),
    "manifests": ("plugin_utils._manifests", "manifests"),
    "network_check": ("plugin_utils._network_checks", "check_subnets"),
    "network_plan": ("plugin_utils._network_plan", "plan_network"),
    "network_removal": ("plugin_utils._network_removal", "plan_removal"),
    "node_config": ("plugin_utils._user_data", "node_config"),
    "node_user_data": ("plugin_utils._user_data", "node_user_data"),
    "owned": ("plugin_utils._ownership", "owned"),
    "placement": ("plugin_utils._tables", "placement"),
    "principals": ("plugin_utils._principals", "principals"),
    "self_managed_nodes_plan": ("plugin_utils._self_managed_nodes", "plan_self_managed_nodes"),
    "self_managed_nodes_removal": ("plugin_utils._self_managed_removal", "plan_self_managed_removal"),
    "self_managed_nodes_roll": ("plugin_utils._self_managed_roll", "roll_of"),
    "session_roles": ("plugin_utils._principals", "session_roles"),
    "table": ("plugin_utils._tables", "table"),
}


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {name: _imported_when_called(*home) for name, home in FILTERS.items()}


def _imported_when_called(module: str, function: str) -> Callable[..., Any]:
    def filtered(*values: Any, **options: Any) -> Any:
        return getattr(import_module(f"{PLUGINS}.{module}"), function)(*values, **options)

    return filtered
