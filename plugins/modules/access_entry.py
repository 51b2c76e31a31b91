#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: access_entry
version_added: 0.1.0
short_description: Access entries of Amazon EKS clusters
description:
  - Lets an IAM role or user into a cluster, with Kubernetes groups, with access policies of EKS or with both.
  - The cluster has to look principals up in access entries. See
    O(flotilla.eks.cluster#module:access_config.authentication_mode).
author: flotilla.eks contributors (!UNKNOWN)
options:
  principal_arn:
    description:
      - ARN of the IAM role or user. For nodes it has to be a role. It cannot be changed.
      - A session of an assumed role is not a principal. Give the role's own ARN.
    type: str
    required: true
  type:
    description:
      - What the principal is. V(STANDARD), which EKS takes if it is omitted, is for people and programs. V(EC2_LINUX)
        and V(EC2_WINDOWS) are for self-managed nodes, V(EC2) for those of EKS Auto Mode, V(FARGATE_LINUX),
        V(HYBRID_LINUX) and V(HYPERPOD_LINUX) for those that their names say.
      - It cannot be changed.
      - EKS itself makes the entries for the roles of managed node groups and Fargate profiles.
    type: str
  kubernetes_groups:
    description:
      - The Kubernetes groups of the principal, in any order. With V([]) there are none. Not for nodes.
      - Names that begin with C(system:), C(eks:), C(aws:), C(amazon:) and C(iam:) are reserved.
    type: list
    elements: str
  username:
    description:
      - The name by which Kubernetes knows the principal. Omitted at creation, EKS makes one of the ARN, which is
        best. Not for nodes.
    type: str
  policies:
    description:
      - The access policies of EKS that the principal has, in any order. Not for nodes, of which EKS knows itself what
        they may do.
      - A policy that is there with another scope gets the one given.
      - Policies that are not listed stay, unless O(purge_policies=true).
    type: list
    elements: dict
    suboptions:
      policy_arn:
        description: ARN of the policy, such as V(arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy).
        type: str
        required: true
      access_scope:
        description: Where the policy holds.
        type: dict
        required: true
        suboptions:
          type:
            description: Whether in the whole cluster or in O(policies[].access_scope.namespaces). EKS demands it.
            type: str
            choices: [cluster, namespace]
          namespaces:
            description: The namespaces, in any order, where the scope is V(namespace).
            type: list
            elements: str
  purge_policies:
    description:
      - Whether policies that O(policies) does not list are taken away. Without O(policies), it has no effect.
    type: bool
    default: false
notes:
  - Changes take effect in the API at once, and in the cluster within seconds.
  - Deleting the entry of nodes cuts them off from the cluster.
seealso:
  - module: flotilla.eks.access_entry_info
  - module: flotilla.eks.cluster
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.in_cluster
  - flotilla.eks.state
  - flotilla.eks.tags
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: Administrators
  flotilla.eks.access_entry:
    cluster_name: prod
    principal_arn: arn:aws:iam::123456789012:role/platform-admin
    policies:
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy
        access_scope:
          type: cluster
    tags:
      Team: platform

- name: Developers who edit two namespaces and are in a group of role bindings of our own
  flotilla.eks.access_entry:
    cluster_name: prod
    principal_arn: arn:aws:iam::123456789012:role/developer
    kubernetes_groups: [developers]
    policies:
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy
        access_scope:
          type: namespace
          namespaces: [shop, billing]

- name: What would it mean to let them edit one namespace only?
  flotilla.eks.access_entry:
    cluster_name: prod
    principal_arn: arn:aws:iam::123456789012:role/developer
    policies:
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy
        access_scope:
          type: namespace
          namespaces: [shop]
  check_mode: true
  diff: true

- name: They may look at everything, and no longer edit
  flotilla.eks.access_entry:
    cluster_name: prod
    principal_arn: arn:aws:iam::123456789012:role/developer
    kubernetes_groups: []
    policies:
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy
        access_scope:
          type: cluster
    purge_policies: true

- name: Nodes that we run ourselves
  flotilla.eks.access_entry:
    cluster_name: prod
    principal_arn: arn:aws:iam::123456789012:role/eks-node
    type: EC2_LINUX

- name: Lock the developers out
  flotilla.eks.access_entry:
    cluster_name: prod
    principal_arn: arn:aws:iam::123456789012:role/developer
    state: absent
"""

RETURN = r"""
---
principal_arn:
  description: ARN of the IAM role or user.
  returned: if the entry exists afterwards
  type: str
  sample: arn:aws:iam::123456789012:role/developer
access_entry_arn:
  description: ARN of the access entry.
  returned: if the entry exists afterwards
  type: str
  sample: >-
    arn:aws:eks:eu-central-1:123456789012:access-entry/prod/role/123456789012/developer/0ac1b2d3-4e5f-6071
cluster_name:
  description: Name of the cluster.
  returned: if the entry exists afterwards
  type: str
  sample: prod
type:
  description: What the principal is.
  returned: if the entry exists afterwards
  type: str
  sample: STANDARD
kubernetes_groups:
  description: The Kubernetes groups of the principal.
  returned: if the entry exists afterwards
  type: list
  elements: str
  sample: [developers]
username:
  description: The name by which Kubernetes knows the principal.
  returned: if the entry exists afterwards
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/developer/{{SessionName}}
policies:
  description: The access policies of the principal.
  returned: if O(policies) is given
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
  returned: if the entry exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
modified_at:
  description: When the entry was last changed, in ISO 8601.
  returned: if the entry exists afterwards
  type: str
  sample: "2026-03-02T08:19:04.500000+00:00"
tags:
  description: The tags, with keys as they are.
  returned: if the entry exists afterwards
  type: dict
  sample:
    Team: platform
changes:
  description: What was done, or in check mode would be done, one item for each call of AWS, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description:
        - What kind of change it is, V(create), V(update), V(tag), V(untag), V(attach), V(detach) or V(delete).
      type: str
    operation:
      description: The operation of the EKS API.
      type: str
    fields:
      description:
        - The options whose values it changes. For a deletion that is part of a replacement, the reasons for it.
      type: list
      elements: str
  sample:
    - action: attach
      operation: AssociateAccessPolicy
      fields: ["policies[arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy]"]
diff:
  description: The fields that change.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: Their values before.
      type: dict
    after:
      description: Their values afterwards.
      type: dict
    before_header:
      description: The resource that they belong to.
      type: str
    after_header:
      description: The resource that they belong to.
      type: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run
from ansible_collections.flotilla.eks.plugins.module_utils._resources.access_entry import ACCESS_ENTRY


def main() -> None:
    run(ACCESS_ENTRY)


if __name__ == "__main__":
    main()
