#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fargate_profile
version_added: 0.1.0
short_description: Fargate profiles of Amazon EKS
description:
  - Creates, replaces and deletes Fargate profiles, which say what pods run on Fargate, in what subnets and with what
    role.
  - EKS can change nothing of a profile but its tags.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description: Name of the profile, unique in its cluster. It cannot be changed.
    type: str
    required: true
    aliases: [fargate_profile_name]
  pod_execution_role_arn:
    description:
      - ARN of the IAM role by which Fargate pulls images and joins the cluster. Needed to create a profile. It cannot
        be changed.
    type: str
    aliases: [role_arn]
  subnets:
    description:
      - Ids of private subnets, that is, without a direct route to an internet gateway, in any order. They cannot be
        changed.
      - Omitted at creation, the choice is left to EKS.
    type: list
    elements: str
  selectors:
    description:
      - What pods run on Fargate, those that match one of the selectors. One to five, in any order. Needed to create a
        profile. They cannot be changed.
    type: list
    elements: dict
    suboptions:
      namespace:
        description: Namespace of the pods. Each selector needs one.
        type: str
      labels:
        description: Labels that the pods have, all of them. Omitted or empty, all pods of the namespace match.
        type: dict
  wait_timeout:
    default: 1200
notes:
  - EKS creates or deletes one profile of a cluster at a time. Tasks that run at the same time wait for each other.
  - With a profile, EKS ends the pods that it runs. To replace one without a gap, create another one under a new name
    and delete the old one afterwards.
  - A profile that ended as V(CREATE_FAILED) can only be deleted. The task fails with the reasons, unless
    O(replace=true).
  - A playbook written for C(community.aws.eks_fargate_profile) needs another module name only. What differs is that
    the module waits unless told otherwise, that the order of selectors and subnets does not matter, and that keys of
    tags are returned as they are.
seealso:
  - module: flotilla.eks.fargate_profile_info
  - module: flotilla.eks.cluster
  - module: flotilla.eks.nodegroup
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.in_cluster
  - flotilla.eks.state
  - flotilla.eks.settling
  - flotilla.eks.replacing
  - flotilla.eks.tags
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: Run all pods of two namespaces on Fargate
  flotilla.eks.fargate_profile:
    cluster_name: prod
    name: apps
    pod_execution_role_arn: arn:aws:iam::123456789012:role/eks-fargate
    subnets:
      - subnet-0a1b2c3d4e5f60001
      - subnet-0a1b2c3d4e5f60002
    selectors:
      - namespace: shop
      - namespace: billing
    tags:
      Team: platform

- name: Run some pods of a namespace on Fargate
  flotilla.eks.fargate_profile:
    cluster_name: prod
    name: reports
    pod_execution_role_arn: arn:aws:iam::123456789012:role/eks-fargate
    subnets:
      - subnet-0a1b2c3d4e5f60001
      - subnet-0a1b2c3d4e5f60002
    selectors:
      - namespace: analytics
        labels:
          runtime: fargate

- name: Would this profile be replaced?
  flotilla.eks.fargate_profile:
    cluster_name: prod
    name: apps
    pod_execution_role_arn: arn:aws:iam::123456789012:role/eks-fargate
    selectors:
      - namespace: shop
    replace: true
  check_mode: true
  diff: true

- name: Another tag, which EKS can change
  flotilla.eks.fargate_profile:
    cluster_name: prod
    name: apps
    tags:
      CostCenter: "4711"
    purge_tags: false

- name: Other selectors, for which the profile is deleted and created again
  flotilla.eks.fargate_profile:
    cluster_name: prod
    name: reports
    pod_execution_role_arn: arn:aws:iam::123456789012:role/eks-fargate
    subnets:
      - subnet-0a1b2c3d4e5f60001
      - subnet-0a1b2c3d4e5f60002
    selectors:
      - namespace: analytics
    replace: true

- name: Delete profiles, which EKS does one at a time
  flotilla.eks.fargate_profile:
    cluster_name: prod
    name: "{{ item }}"
    state: absent
  loop: [apps, reports]
"""

RETURN = r"""
---
fargate_profile_name:
  description: Name of the profile.
  returned: if the profile exists afterwards
  type: str
  sample: apps
fargate_profile_arn:
  description: ARN of the profile.
  returned: if the profile exists afterwards
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:fargateprofile/prod/apps/0ac1b2d3-4e5f-6071-8293-a4b5c6d7e8f9
cluster_name:
  description: Name of its cluster.
  returned: if the profile exists afterwards
  type: str
  sample: prod
status:
  description: State of the profile, V(CREATING), V(ACTIVE), V(DELETING), V(CREATE_FAILED) or V(DELETE_FAILED).
  returned: if the profile exists afterwards
  type: str
  sample: ACTIVE
created_at:
  description: When it was created, in ISO 8601.
  returned: if the profile exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
pod_execution_role_arn:
  description: ARN of the IAM role by which Fargate pulls images and joins the cluster.
  returned: if the profile exists afterwards
  type: str
  sample: arn:aws:iam::123456789012:role/eks-fargate
subnets:
  description: Ids of the subnets in which pods run.
  returned: if the profile exists afterwards
  type: list
  elements: str
  sample: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
selectors:
  description: What pods run on Fargate.
  returned: if the profile exists afterwards
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the pods.
      type: str
    labels:
      description: Labels that the pods have, with keys as they are.
      type: dict
  sample:
    - namespace: analytics
      labels:
        runtime: fargate
health:
  description: What is wrong with the profile.
  returned: if EKS tells it
  type: dict
  contains:
    issues:
      description: The issues that EKS found, none if all is well.
      type: list
      elements: dict
      contains:
        code:
          description:
            - Kind of issue, C(PodExecutionRoleAlreadyInUse), C(AccessDenied), C(ClusterUnreachable) or
              C(InternalFailure).
          type: str
        message:
          description: What EKS says of it.
          type: str
        resource_ids:
          description: What it is about.
          type: list
          elements: str
tags:
  description: The tags, with keys as they are.
  returned: if the profile exists afterwards
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
    - action: tag
      operation: TagResource
      fields: [tags.CostCenter]
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.fargate_profile import FARGATE_PROFILE


def main() -> None:
    run(FARGATE_PROFILE)


if __name__ == "__main__":
    main()
