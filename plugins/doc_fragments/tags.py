# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of a resource of EKS."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  tags:
    description:
      - The tags of the resource, 50 at most. Keys have up to 128 characters, values up to 256.
      - Omitted, they are left alone. With V({}) all are removed, unless O(purge_tags=false).
      - EKS does not hand them on to the EC2 instances, volumes and load balancers that belong to a cluster.
      - Keys that begin with V(aws:) belong to AWS. They cannot be set, and are never removed.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed. Without O(tags), it has no effect.
    type: bool
    default: true
"""
