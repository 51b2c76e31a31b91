# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module that drains nodes moves their pods."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  grace_period:
    description: How long a pod has to end, in seconds. If not given, what the pod itself says holds.
    type: int
  force:
    description:
      - Evict pods too that no controller would make anew. They are lost. Without it, such a pod is an error before
        anything is touched.
    type: bool
    default: false
  delete_emptydir_data:
    description:
      - Evict pods too that have C(emptyDir) volumes, whose data is lost. Without it, such a pod is an error before
        anything is touched.
    type: bool
    default: false
  disable_eviction:
    description:
      - Delete pods instead of evicting them. No disruption budget holds them back then, so that fewer may be left than
        their applications need. It takes that to empty the last nodes of a cluster, from where no pod can move.
    type: bool
    default: false
"""
