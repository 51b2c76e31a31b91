#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_activation_info
version_added: 0.1.0
short_description: Facts about hybrid activations of Systems Manager
description:
  - Describes the hybrid activations of a region, expired ones among them. Their codes are not told by anyone.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description: Only activations of this name, which the tag C(flotilla.eks/activation) holds.
    type: str
  activation_id:
    description: Only the activation of this id. One that does not exist gives an empty list, and no error.
    type: str
  iam_role:
    description: Only activations with this IAM role, by its name.
    type: str
seealso:
  - module: flotilla.eks.ssm_activation
extends_documentation_fragment:
  - flotilla.eks.attributes.info
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: All activations
  flotilla.eks.ssm_activation_info:
  register: region

- name: Which still let hosts in
  ansible.builtin.debug:
    msg: "{{ region.activations | rejectattr('expired') | map(attribute='activation_id') }}"
"""

RETURN = r"""
---
activations:
  description: The activations.
  returned: always
  type: list
  elements: dict
  contains:
    activation_id:
      description: The id that hosts register with, beside the code.
      type: str
      sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    name:
      description: The name, which a tag holds. It is null for activations that this collection did not make.
      type: str
      sample: edge-join
    iam_role:
      description: Name of the IAM role that the hosts get credentials of.
      type: str
      sample: prod-hybrid
    registration_limit:
      description: How many hosts can register with it.
      type: int
      sample: 3
    registrations_count:
      description: How many hosts have registered with it.
      type: int
      sample: 0
    expiration_date:
      description: Until when hosts can register, in ISO 8601.
      type: str
      sample: "2026-03-02T09:15:30+00:00"
    expired:
      description: Whether that time is over.
      type: bool
      sample: false
    created_date:
      description: When it was made, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30+00:00"
    description:
      description: What it is for.
      returned: if it has one
      type: str
      sample: Servers of the north site
    default_instance_name:
      description: What the managed instances are called in Systems Manager.
      returned: if it has one
      type: str
      sample: edge
    tags:
      description: The tags, with keys as they are. Hosts that register get them, too.
      type: dict
      sample:
        flotilla.eks/activation: edge-join
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.activations_entry import run_info


def main() -> None:
    run_info()


if __name__ == "__main__":
    main()
