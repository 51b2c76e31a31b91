#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: addon_info
version_added: 0.1.0
short_description: Facts about add-ons of Amazon EKS clusters
description:
  - Describes one add-on of an EKS cluster, or all of them, with the pod identity associations of each. Several are read
    at the same time.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the add-on. Omitted, all add-ons of the cluster are described, and it is an error if there is no such
        cluster.
      - An add-on that is not installed gives an empty list, and no error.
    type: str
    aliases: [addon_name]
seealso:
  - module: flotilla.eks.addon
  - module: flotilla.eks.addon_versions_info
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

- name: All add-ons of a cluster
  flotilla.eks.addon_info:
    cluster_name: prod
  register: prod

- name: Their versions
  ansible.builtin.debug:
    msg: "{{ prod.addons | items2dict(key_name='addon_name', value_name='addon_version') }}"

- name: One add-on
  flotilla.eks.addon_info:
    cluster_name: prod
    name: kube-proxy
  register: proxy

- name: Stop unless it is well
  ansible.builtin.assert:
    that: proxy.addons[0].status == 'ACTIVE'
"""

RETURN = r"""
---
addons:
  description: The add-ons, in the order in which EKS lists them. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    addon_name:
      description: Name of the add-on.
      type: str
      sample: vpc-cni
    addon_arn:
      description: ARN of the add-on.
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:addon/prod/vpc-cni/0ac1b2d3-4e5f-6071-8293-a4b5c6d7e8f9
    cluster_name:
      description: Name of the cluster.
      type: str
      sample: prod
    addon_version:
      description: Version of the add-on.
      type: str
      sample: v1.20.4-eksbuild.2
    status:
      description:
        - State of the add-on, C(CREATING), C(ACTIVE), C(UPDATING), C(DELETING), C(CREATE_FAILED), C(UPDATE_FAILED),
          C(DELETE_FAILED) or C(DEGRADED).
      type: str
      sample: ACTIVE
    health:
      description: What is wrong with the add-on.
      type: dict
      contains:
        issues:
          description: The issues that EKS found, none if all is well.
          type: list
          elements: dict
          contains:
            code:
              description: Kind of issue, such as C(InsufficientNumberOfReplicas) or C(ConfigurationConflict).
              type: str
            message:
              description: What EKS says of it.
              type: str
            resource_ids:
              description: What it is about.
              type: list
              elements: str
    configuration_values:
      description: The configuration, as data. Not there if nothing is configured.
      type: dict
      sample:
        env:
          WARM_PREFIX_TARGET: "1"
    service_account_role_arn:
      description: ARN of the IAM role of the add-on's service account, if it has one.
      type: str
      sample: arn:aws:iam::123456789012:role/vpc-cni
    pod_identity_associations:
      description:
        - The pod identity associations that belong to the add-on. M(flotilla.eks.addon) tells all of each if
          O(flotilla.eks.addon#module:pod_identity_associations) is given, and else its ARN and id.
      type: list
      elements: dict
      contains:
        association_arn:
          description: ARN of the association.
          type: str
        association_id:
          description: Id of the association.
          type: str
        cluster_name:
          description: Name of the cluster.
          type: str
        namespace:
          description: Namespace of the service account.
          type: str
        service_account:
          description: Name of the service account.
          type: str
        role_arn:
          description: ARN of the role.
          type: str
        target_role_arn:
          description: ARN of the role that it assumes in turn, if any.
          type: str
        external_id:
          description: By which the target role knows the association.
          type: str
        disable_session_tags:
          description: Whether sessions go without the tags that EKS gives them.
          type: bool
        policy:
          description: The session policy, if any, in JSON.
          type: str
        owner_arn:
          description: ARN of the add-on.
          type: str
        created_at:
          description: When it was created, in ISO 8601.
          type: str
        modified_at:
          description: When it was last changed, in ISO 8601.
          type: str
        tags:
          description: The tags, with keys as they are.
          type: dict
    namespace_config:
      description: Where the add-on is installed.
      type: dict
      contains:
        namespace:
          description: The namespace.
          type: str
          sample: kube-system
    publisher:
      description: Who published the add-on.
      type: str
      sample: eks
    owner:
      description: Who owns the add-on.
      type: str
      sample: aws
    marketplace_information:
      description: The product of an add-on from the AWS Marketplace.
      type: dict
      contains:
        product_id:
          description: Id of the product.
          type: str
        product_url:
          description: Page of the product.
          type: str
    created_at:
      description: When the add-on was created, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    modified_at:
      description: When the add-on was last changed, in ISO 8601.
      type: str
      sample: "2026-03-02T08:19:04.500000+00:00"
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        Team: platform
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.addon import ADDON


def main() -> None:
    run_info(ADDON)


if __name__ == "__main__":
    main()
