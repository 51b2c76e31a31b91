# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of what is deployed to a cluster and runs there. Each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._manifests import manifests
from ansible_collections.flotilla.eks.plugins.plugin_utils._tables import placement, table


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"manifests": manifests, "placement": placement, "table": table}
