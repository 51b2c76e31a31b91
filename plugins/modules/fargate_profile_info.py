#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fargate_profile_info
version_added: 0.1.0
short_description: Facts about Fargate profiles of Amazon EKS
description:
  - Describes one Fargate profile of an EKS cluster, or all of them, however many there are. Several are read at the
    same time.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the profile. Omitted, all profiles of the cluster are described, and it is an error if there is no
        such cluster.
      - A profile that does not exist gives an empty list, and no error.
    type: str
    aliases: [fargate_profile_name]
seealso:
  - module: flotilla.eks.fargate_profile
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

- name: All Fargate profiles of a cluster
  flotilla.eks.fargate_profile_info:
    cluster_name: prod
  register: prod

- name: The namespaces that run on Fargate
  ansible.builtin.debug:
    msg: "{{ prod.fargate_profiles | map(attribute='selectors') | flatten | map(attribute='namespace') | unique }}"

- name: One Fargate profile
  flotilla.eks.fargate_profile_info:
    cluster_name: prod
    name: apps
  register: apps

- name: Its role
  ansible.builtin.debug:
    msg: "{{ apps.fargate_profiles[0].pod_execution_role_arn }}"
"""

RETURN = r"""
---
fargate_profiles:
  description: The Fargate profiles, in the order in which EKS lists them. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    fargate_profile_name:
      description: Name of the profile.
      type: str
      sample: apps
    fargate_profile_arn:
      description: ARN of the profile.
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:fargateprofile/prod/apps/0ac1b2d3-4e5f-6071-8293-a4b5c6d7e8f9
    cluster_name:
      description: Name of its cluster.
      type: str
      sample: prod
    status:
      description: State of the profile, V(CREATING), V(ACTIVE), V(DELETING), V(CREATE_FAILED) or V(DELETE_FAILED).
      type: str
      sample: ACTIVE
    created_at:
      description: When it was created, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    pod_execution_role_arn:
      description: ARN of the IAM role by which Fargate pulls images and joins the cluster.
      type: str
      sample: arn:aws:iam::123456789012:role/eks-fargate
    subnets:
      description: Ids of the subnets in which pods run.
      type: list
      elements: str
      sample: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
    selectors:
      description: What pods run on Fargate.
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
      type: dict
      sample:
        Team: platform
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.fargate_profile import FARGATE_PROFILE


def main() -> None:
    run_info(FARGATE_PROFILE)


if __name__ == "__main__":
    main()
