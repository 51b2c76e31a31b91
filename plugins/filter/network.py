# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the role network. Each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._network_checks import check_subnets
from ansible_collections.flotilla.eks.plugins.plugin_utils._network_plan import plan_network
from ansible_collections.flotilla.eks.plugins.plugin_utils._network_removal import plan_removal


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"network_check": check_subnets, "network_plan": plan_network, "network_removal": plan_removal}
