#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: addon_versions_info
version_added: 0.1.0
short_description: Facts about the add-ons that Amazon EKS offers
description:
  - Tells which add-ons there are, in which versions, on which versions of Kubernetes they run, and what can be
    configured.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the add-on. Omitted, all are told.
      - An add-on that EKS does not have gives an empty list, and no error.
    type: str
    aliases: [addon_name]
  cluster_name:
    description: Name of a cluster, to be told the versions that run on its version of Kubernetes.
    type: str
  kubernetes_version:
    description: A version of Kubernetes, in quotes, to be told the versions that run on it.
    type: str
  types:
    description: Types of add-ons, such as V(networking). Omitted, those of all types are told.
    type: list
    elements: str
  publishers:
    description: Publishers of add-ons, such as V(eks). Omitted, those of all publishers are told.
    type: list
    elements: str
  owners:
    description: Owners of add-ons, such as V(aws), V(community) or V(aws-marketplace). Omitted, all are told.
    type: list
    elements: str
  configuration_of:
    description:
      - The version whose configuration is told, with the service accounts that can have an IAM role. V(latest),
        V(default), or, with O(name), a version. It takes a call for each add-on.
      - V(default) depends on Kubernetes, and needs O(cluster_name) or O(kubernetes_version).
    type: str
seealso:
  - module: flotilla.eks.addon
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

- name: The add-ons for a cluster
  flotilla.eks.addon_versions_info:
    cluster_name: prod
  register: offered

- name: The newest version of each
  ansible.builtin.debug:
    msg: "{{ offered.addons | items2dict(key_name='addon_name', value_name='latest_version') }}"

- name: What can be configured of the VPC CNI before an upgrade to Kubernetes 1.35
  flotilla.eks.addon_versions_info:
    name: vpc-cni
    kubernetes_version: "1.35"
    configuration_of: default
  register: cni

- name: Its settings
  ansible.builtin.debug:
    var: cni.addons[0].configuration.configuration_schema
"""

RETURN = r"""
---
addons:
  description: The add-ons. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    addon_name:
      description: Name of the add-on.
      type: str
      sample: vpc-cni
    type:
      description: Type of the add-on.
      type: str
      sample: networking
    latest_version:
      description: The newest version, of those that run on the version of Kubernetes if one is given.
      type: str
      sample: v1.21.1-eksbuild.1
    default_version:
      description: The version that EKS takes if it is told none, if a version of Kubernetes is given.
      type: str
      sample: v1.20.4-eksbuild.2
    addon_versions:
      description: The versions.
      type: list
      elements: dict
      contains:
        addon_version:
          description: The version.
          type: str
        architecture:
          description: The architectures of nodes that it runs on.
          type: list
          elements: str
        compute_types:
          description: The kinds of compute that it runs on.
          type: list
          elements: str
        compatibilities:
          description: The versions of Kubernetes that it runs on.
          type: list
          elements: dict
          contains:
            cluster_version:
              description: The version of Kubernetes.
              type: str
            platform_versions:
              description: The platform versions of EKS.
              type: list
              elements: str
            default_version:
              description: Whether it is the default there.
              type: bool
        requires_configuration:
          description: Whether it must be configured.
          type: bool
        requires_iam_permissions:
          description: Whether it needs an IAM role.
          type: bool
    publisher:
      description: Who published the add-on.
      type: str
      sample: eks
    owner:
      description: Who owns the add-on.
      type: str
      sample: aws
    default_namespace:
      description: The namespace that it is installed in.
      type: str
      sample: kube-system
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
    configuration:
      description: What can be configured, if O(configuration_of) is given.
      type: dict
      contains:
        addon_name:
          description: Name of the add-on.
          type: str
        addon_version:
          description: The version that it is about.
          type: str
        configuration_schema:
          description: The JSON schema of O(flotilla.eks.addon#module:configuration_values), as data.
          type: dict
        pod_identity_configuration:
          description: The service accounts that can have an IAM role.
          type: list
          elements: dict
          contains:
            service_account:
              description: Name of the service account.
              type: str
            recommended_managed_policies:
              description: ARNs of the policies that AWS recommends for its role.
              type: list
              elements: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._addon_versions_info import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
