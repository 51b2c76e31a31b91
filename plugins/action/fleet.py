# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shows what the module ``fleet`` does while it does it."""

from __future__ import annotations

from ansible_collections.flotilla.eks.plugins.plugin_utils._following import FollowingAction


class ActionModule(FollowingAction):
    """What Ansible calls for a task of ``flotilla.eks.fleet``."""

    module = "flotilla.eks.fleet"
