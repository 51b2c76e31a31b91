#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: iam_roles_info
version_added: 0.5.0
short_description: Facts about IAM roles by name, with their policies
description:
  - Reads the IAM roles of some names, with the policies attached to them and those of their own, and instance profiles.
  - One task for all of them, several calls at the same time. M(amazon.aws.iam_role_info) takes one task for each role,
    M(amazon.aws.iam_policy_info) one more for its own policies, and M(amazon.aws.iam_instance_profile_info) one for
    each profile.
author: flotilla.eks contributors (!UNKNOWN)
options:
  names:
    description:
      - Names of the roles, without their path.
      - A role that does not exist is not in the result, and there is no error.
    type: list
    elements: str
    required: true
  include:
    description:
      - Which policies of the roles to read. V(managed_policies) costs one call for each role, V(inline_policies) one
        for each role and one for each policy.
    type: list
    elements: str
    choices:
      - managed_policies
      - inline_policies
    default:
      - managed_policies
      - inline_policies
  instance_profiles:
    description:
      - Names of instance profiles to read too.
      - A profile that does not exist is not in the result, and there is no error.
    type: list
    elements: str
    default: []
seealso:
  - module: amazon.aws.iam_role_info
  - module: amazon.aws.iam_policy_info
  - module: amazon.aws.iam_instance_profile_info
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

- name: The roles of a cluster, with all their policies
  flotilla.eks.iam_roles_info:
    names: [prod-cluster, prod-node]
  register: found

- name: What is attached to each
  ansible.builtin.debug:
    msg: "{{ item.role_name }}: {{ item.managed_policies | map(attribute='policy_name') | join(', ') }}"
  loop: "{{ found.iam_roles }}"
  loop_control:
    label: "{{ item.role_name }}"

- name: Whether a role is there, and the instance profile of its name
  flotilla.eks.iam_roles_info:
    names: [prod-node]
    include: []
    instance_profiles: [prod-node]
  register: node
"""

RETURN = r"""
---
iam_roles:
  description:
    - The roles, in the order of O(names). Every member that IAM answers is there, in snake_case; the most useful ones
      are described.
  returned: always
  type: list
  elements: dict
  contains:
    role_name:
      description: Name of the role.
      type: str
      sample: prod-node
    arn:
      description: Its ARN, with its path.
      type: str
      sample: arn:aws:iam::123456789012:role/prod-node
    path:
      description: Its path.
      type: str
      sample: /
    description:
      description: What its maker says it is for.
      returned: when there is one
      type: str
      sample: Nodes of EKS cluster prod
    assume_role_policy_document:
      description: Who may assume it, as IAM tells it.
      type: dict
      sample:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              Service: ec2.amazonaws.com
            Action: sts:AssumeRole
    permissions_boundary:
      description: The policy that bounds what it may do, with its C(permissions_boundary_arn).
      returned: when there is one
      type: dict
    managed_policies:
      description: The policies attached to it, with C(policy_name) and C(policy_arn).
      returned: when O(include) has V(managed_policies)
      type: list
      elements: dict
      sample:
        - policy_name: AmazonEKSWorkerNodePolicy
          policy_arn: arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy
    inline_policies:
      description: The policies of its own.
      returned: when O(include) has V(inline_policies)
      type: list
      elements: dict
      contains:
        policy_name:
          description: Name of the policy.
          type: str
          sample: flotilla.eks
        policy_document:
          description: What it allows, as IAM tells it.
          type: dict
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        flotilla.eks/cluster: prod
iam_instance_profiles:
  description: The instance profiles, in the order of O(instance_profiles).
  returned: always
  type: list
  elements: dict
  contains:
    instance_profile_name:
      description: Name of the profile.
      type: str
      sample: prod-node
    arn:
      description: Its ARN, with its path.
      type: str
      sample: arn:aws:iam::123456789012:instance-profile/prod-node
    roles:
      description: The role that instances get by it, if any, in a list.
      type: list
      elements: dict
    tags:
      description: The tags, with keys as they are.
      type: dict
"""

from ansible_collections.flotilla.eks.plugins.module_utils._iam_roles_info import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
