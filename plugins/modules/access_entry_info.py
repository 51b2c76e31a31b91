#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: access_entry_info
version_added: 0.1.0
short_description: Facts about access entries of Amazon EKS clusters
description:
  - Describes one access entry of an EKS cluster, or all of them, with the access policies of each. Several are read
    at the same time.
author: flotilla.eks contributors (!UNKNOWN)
options:
  principal_arn:
    description:
      - ARN of the IAM role or user. Omitted, all access entries of the cluster are described, and it is an error if
        there is no such cluster.
      - An entry that does not exist gives an empty list, and no error.
    type: str
seealso:
  - module: flotilla.eks.access_entry
extends_documentation_fragment:
  - flotilla.eks.attributes.info
  - flotilla.eks.in_cluster
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: All access entries of a cluster
  flotilla.eks.access_entry_info:
    cluster_name: prod
  register: prod

- name: Who is an administrator
  ansible.builtin.debug:
    msg: "{{ item.principal_arn }}"
  loop: "{{ prod.access_entries }}"
  loop_control:
    label: "{{ item.principal_arn }}"
  when: item.policies | selectattr('policy_arn', 'search', 'ClusterAdminPolicy') | length > 0

- name: One access entry
  flotilla.eks.access_entry_info:
    cluster_name: prod
    principal_arn: arn:aws:iam::123456789012:role/platform-admin
  register: entry

- name: Stop unless it is there
  ansible.builtin.assert:
    that: entry.access_entries | length == 1
"""

RETURN = r"""
---
access_entries:
  description: The access entries, in the order in which EKS lists them. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    principal_arn:
      description: ARN of the IAM role or user.
      type: str
      sample: arn:aws:iam::123456789012:role/developer
    access_entry_arn:
      description: ARN of the access entry.
      type: str
      sample: >-
        arn:aws:eks:eu-central-1:123456789012:access-entry/prod/role/123456789012/developer/0ac1b2d3-4e5f-6071
    cluster_name:
      description: Name of the cluster.
      type: str
      sample: prod
    type:
      description: What the principal is.
      type: str
      sample: STANDARD
    kubernetes_groups:
      description: The Kubernetes groups of the principal.
      type: list
      elements: str
      sample: [developers]
    username:
      description: The name by which Kubernetes knows the principal.
      type: str
      sample: arn:aws:sts::123456789012:assumed-role/developer/{{SessionName}}
    policies:
      description: The access policies of the principal.
      type: list
      elements: dict
      contains:
        policy_arn:
          description: ARN of the policy.
          type: str
          sample: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy
        access_scope:
          description: Where it holds.
          type: dict
          contains:
            type:
              description: C(cluster) or C(namespace).
              type: str
            namespaces:
              description: The namespaces, where the scope is C(namespace).
              type: list
              elements: str
        associated_at:
          description: When the principal got the policy, in ISO 8601.
          type: str
        modified_at:
          description: When its scope was last changed, in ISO 8601.
          type: str
    created_at:
      description: When the entry was created, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    modified_at:
      description: When the entry was last changed, in ISO 8601.
      type: str
      sample: "2026-03-02T08:19:04.500000+00:00"
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        Team: platform
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.access_entry import ACCESS_ENTRY


def main() -> None:
    run_info(ACCESS_ENTRY)


if __name__ == "__main__":
    main()
