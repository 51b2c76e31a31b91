# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the roles that look after access and ownership. Each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import hint
from ansible_collections.flotilla.eks.plugins.plugin_utils._ownership import owned
from ansible_collections.flotilla.eks.plugins.plugin_utils._principals import principals, session_roles


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"endpoint_hint": hint, "owned": owned, "principals": principals, "session_roles": session_roles}
