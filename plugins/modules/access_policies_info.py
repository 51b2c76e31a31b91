#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: access_policies_info
version_added: 0.1.0
short_description: Facts about the access policies of Amazon EKS
description:
  - Lists the access policies that EKS has, which M(flotilla.eks.access_entry) associates to IAM principals.
  - They are AWS's own, the same for every cluster of a partition, and belong to no account.
author: flotilla.eks contributors (!UNKNOWN)
options: {}
seealso:
  - module: flotilla.eks.access_entry
  - name: Access policy permissions
    description: What each of them allows, which the API does not tell.
    link: https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
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

- name: Which access policies there are
  flotilla.eks.access_policies_info:
  register: known

- name: Stop unless the policy of our auditors is among them
  ansible.builtin.assert:
    that: "'AmazonEKSAdminViewPolicy' in known.access_policies | map(attribute='name')"
"""

RETURN = r"""
---
access_policies:
  description: The access policies, in the order in which EKS lists them.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the policy.
      type: str
      sample: AmazonEKSViewPolicy
    arn:
      description: Its ARN, which access entries take.
      type: str
      sample: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy
"""

from ansible_collections.flotilla.eks.plugins.module_utils._listing import ACCESS_POLICIES, run


def main() -> None:
    run(ACCESS_POLICIES)


if __name__ == "__main__":
    main()
