#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pod_identity_association_info
version_added: 0.1.0
short_description: Facts about pod identity associations of Amazon EKS clusters
description:
  - Describes the pod identity associations of an EKS cluster, those of one namespace, or that of one service account.
    Several are read at the same time.
author: flotilla.eks contributors (!UNKNOWN)
options:
  namespace:
    description: Namespace of the service accounts. Omitted, those of all namespaces are described.
    type: str
  service_account:
    description:
      - Name of the service account. Omitted, all are described.
      - A service account without an association gives an empty list, and no error.
    type: str
seealso:
  - module: flotilla.eks.pod_identity_association
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

- name: All associations of a cluster
  flotilla.eks.pod_identity_association_info:
    cluster_name: prod
  register: prod

- name: Which role each service account works with
  ansible.builtin.debug:
    msg: "{{ item.namespace }}/{{ item.service_account }}: {{ item.role_arn }}"
  loop: "{{ prod.pod_identity_associations }}"
  loop_control:
    label: "{{ item.association_id }}"

- name: The association of one service account
  flotilla.eks.pod_identity_association_info:
    cluster_name: prod
    namespace: shop
    service_account: orders
  register: orders

- name: Stop unless it is there
  ansible.builtin.assert:
    that: orders.pod_identity_associations | length == 1
"""

RETURN = r"""
---
pod_identity_associations:
  description: The associations, in the order in which EKS lists them. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    association_id:
      description: Id of the association.
      type: str
      sample: a-0ac1b2d34e5f60718
    association_arn:
      description: ARN of the association.
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:podidentityassociation/prod/a-0ac1b2d34e5f60718
    cluster_name:
      description: Name of the cluster.
      type: str
      sample: prod
    namespace:
      description: Namespace of the service account.
      type: str
      sample: shop
    service_account:
      description: Name of the service account.
      type: str
      sample: orders
    role_arn:
      description: ARN of the role that the pods work with, or by which they assume the target role.
      type: str
      sample: arn:aws:iam::123456789012:role/orders
    target_role_arn:
      description: ARN of the target role, if there is one.
      type: str
      sample: arn:aws:iam::111122223333:role/orders
    external_id:
      description: By which the trust policy of the target role knows this association, if there is a target role.
      type: str
      sample: eu-central-1/123456789012/prod/shop/orders
    disable_session_tags:
      description: Whether sessions go without the tags that EKS gives them.
      type: bool
      sample: false
    policy:
      description: The session policy, as data, if there is one.
      type: dict
      sample:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: "s3:GetObject", Resource: "*"}
    owner_arn:
      description: ARN of the add-on that the association belongs to, if it does to one.
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:addon/prod/vpc-cni/0ac1b2d3-4e5f-6071-8293-a4b5c6d7e8f9
    created_at:
      description: When the association was created, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    modified_at:
      description: When the association was last changed, in ISO 8601.
      type: str
      sample: "2026-03-02T08:19:04.500000+00:00"
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        Team: shop
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.pod_identity_association import (
    POD_IDENTITY_ASSOCIATION,
)


def main() -> None:
    run_info(POD_IDENTITY_ASSOCIATION)


if __name__ == "__main__":
    main()
