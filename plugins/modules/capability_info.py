#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: capability_info
version_added: 0.1.0
short_description: Facts about managed capabilities of Amazon EKS clusters
description:
  - Describes one capability of an EKS cluster, or all of them. Several are read at the same time.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the capability. Omitted, all capabilities of the cluster are described, and it is an error if there is
        no such cluster.
      - A capability that does not exist gives an empty list, and no error.
    type: str
    aliases: [capability_name]
seealso:
  - module: flotilla.eks.capability
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

- name: All capabilities of a cluster
  flotilla.eks.capability_info:
    cluster_name: prod
  register: prod

- name: Which are not well
  ansible.builtin.debug:
    msg: "{{ prod.capabilities | rejectattr('status', 'equalto', 'ACTIVE') | map(attribute='capability_name') }}"

- name: One capability
  flotilla.eks.capability_info:
    cluster_name: prod
    name: ack
"""

RETURN = r"""
---
capabilities:
  description: The capabilities, in the order in which EKS lists them. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    capability_name:
      description: Name of the capability.
      type: str
      sample: ack
    arn:
      description: ARN of the capability.
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:capability/prod/ack/ack/0ac1b2d3-4e5f-6071
    cluster_name:
      description: Name of the cluster.
      type: str
      sample: prod
    type:
      description: C(ACK), C(ARGOCD) or C(KRO).
      type: str
      sample: ACK
    role_arn:
      description: ARN of the IAM role that it uses.
      type: str
      sample: arn:aws:iam::123456789012:role/eks-capability
    status:
      description: V(CREATING), V(ACTIVE), V(UPDATING), V(DELETING), V(DEGRADED), V(CREATE_FAILED) or V(DELETE_FAILED).
      type: str
      sample: ACTIVE
    version:
      description: Version of the software that EKS runs.
      type: str
      sample: 1.0.0
    configuration:
      description: The configuration, with what EKS fills in.
      type: dict
      contains:
        argo_cd:
          description: The configuration of Argo CD.
          type: dict
          contains:
            namespace:
              description: The namespace whose Argo CD resources it watches.
              type: str
              sample: argocd
            aws_idc:
              description: Where its users sign in.
              type: dict
              contains:
                idc_instance_arn:
                  description: ARN of the instance of IAM Identity Center.
                  type: str
                idc_region:
                  description: The region of that instance.
                  type: str
                idc_managed_application_arn:
                  description: ARN of the application that EKS made there.
                  type: str
            rbac_role_mappings:
              description: Who has which role.
              type: list
              elements: dict
              contains:
                role:
                  description: C(ADMIN), C(EDITOR) or C(VIEWER).
                  type: str
                identities:
                  description: Who has it.
                  type: list
                  elements: dict
                  contains:
                    id:
                      description: Id of the user or group in IAM Identity Center.
                      type: str
                    type:
                      description: C(SSO_USER) or C(SSO_GROUP).
                      type: str
            network_access:
              description: From where its server can be reached.
              type: dict
              contains:
                vpce_ids:
                  description: Ids of the VPC endpoints through which alone it can be reached.
                  type: list
                  elements: str
            server_url:
              description: URL of its server.
              type: str
              sample: https://harbour.eks-capabilities.eu-central-1.amazonaws.com
            endpoint_prefix:
              description: What the name of its host begins with, if that was chosen.
              type: str
              sample: harbour
        ack:
          description: The configuration of ACK.
          type: dict
          contains:
            enable_cross_namespace:
              description: Whether a resource may refer to one of another namespace.
              type: bool
            disabled_services:
              description: The services whose controllers are off.
              type: list
              elements: str
              sample: [s3]
    health:
      description: What ails it.
      type: dict
      contains:
        issues:
          description: The issues, if there are any.
          type: list
          elements: dict
          contains:
            code:
              description: What kind of issue it is.
              type: str
              sample: AccessDenied
            message:
              description: What EKS says about it.
              type: str
    delete_propagation_policy:
      description: What becomes of its resources when it is deleted.
      type: str
      sample: RETAIN
    created_at:
      description: When it was created, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    modified_at:
      description: When it was last changed, in ISO 8601.
      type: str
      sample: "2026-03-02T08:19:04.500000+00:00"
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        Team: platform
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.capability import CAPABILITY


def main() -> None:
    run_info(CAPABILITY)


if __name__ == "__main__":
    main()
