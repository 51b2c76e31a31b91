# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter of the role iam. It is documented in iam_plan.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._iam import plan_roles


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"iam_plan": plan_roles}
