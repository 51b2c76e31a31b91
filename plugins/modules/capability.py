#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: capability
version_added: 0.1.0
short_description: Managed capabilities of Amazon EKS clusters
description:
  - Has EKS run Argo CD, AWS Controllers for Kubernetes (ACK) or Kube Resource Orchestrator (kro) for a cluster, outside
    of it.
  - The cluster has to look principals up in access entries. EKS makes one for the role of the capability.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description: Name of the capability, unique in its cluster. It cannot be changed.
    type: str
    required: true
    aliases: [capability_name]
  type:
    description:
      - Which capability it is. A cluster has one of each type. Needed to create a capability. It cannot be changed.
    type: str
    choices: [ACK, KRO, ARGOCD]
  role_arn:
    description:
      - ARN of the IAM role by which the capability calls AWS. C(capabilities.eks.amazonaws.com) must be allowed to
        assume it, with C(sts:AssumeRole) and C(sts:TagSession). Needed to create a capability.
    type: str
  delete_propagation_policy:
    description:
      - What becomes of the Kubernetes resources that the capability manages when it is deleted. V(RETAIN), they stay,
        is all that EKS offers. Needed to create a capability.
    type: str
    choices: [RETAIN]
  configuration:
    description: What belongs to the type. A capability of type V(KRO) has none.
    type: dict
    suboptions:
      argo_cd:
        description: For the type V(ARGOCD), which needs it.
        type: dict
        suboptions:
          namespace:
            description: The namespace whose Argo CD resources it watches. It cannot be changed.
            type: str
          aws_idc:
            description: Where its users sign in. It cannot be changed.
            type: dict
            required: true
            suboptions:
              idc_instance_arn:
                description: ARN of the instance of IAM Identity Center.
                type: str
                required: true
              idc_region:
                description: The region of that instance. Omitted, that of the cluster.
                type: str
          rbac_role_mappings:
            description:
              - Who has which role, in any order, each role once. Those that are not listed lose the role. With V([]),
                nobody has any.
            type: list
            elements: dict
            suboptions:
              role:
                description: The role in Argo CD.
                type: str
                required: true
                choices: [ADMIN, EDITOR, VIEWER]
              identities:
                description: Who has it, in any order.
                type: list
                elements: dict
                required: true
                suboptions:
                  id:
                    description: Id of the user or group in IAM Identity Center.
                    type: str
                    required: true
                  type:
                    description: Whether it is a user or a group.
                    type: str
                    required: true
                    choices: [SSO_USER, SSO_GROUP]
          network_access:
            description: From where its server can be reached.
            type: dict
            suboptions:
              vpce_ids:
                description:
                  - Ids of VPC endpoints, in any order. With any, the server can be reached through them alone. With
                    V([]), from everywhere.
                type: list
                elements: str
          endpoint_prefix:
            description:
              - What the name of its host begins with, of lower case letters, digits and hyphens. Omitted, EKS chooses.
                It cannot be changed.
            type: str
      ack:
        description: For the type V(ACK).
        type: dict
        suboptions:
          enable_cross_namespace:
            description: Whether a resource may refer to one of another namespace.
            type: bool
          disabled_services:
            description:
              - The services whose controllers are off, such as V(s3), in any order. With V([]), all are on. EKS
                accepts a name that it does not know, which then turns nothing off.
            type: list
            elements: str
  wait_timeout:
    default: 1800
notes:
  - What a capability has made in the cluster and in AWS stays when it is deleted, and nobody looks after it any more.
    Delete it first.
  - EKS does not delete a cluster that has capabilities.
seealso:
  - module: flotilla.eks.capability_info
  - module: flotilla.eks.cluster
  - module: flotilla.eks.access_entry
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

- name: Manage AWS resources from within the cluster
  flotilla.eks.capability:
    cluster_name: prod
    name: ack
    type: ACK
    role_arn: arn:aws:iam::123456789012:role/eks-capability
    delete_propagation_policy: RETAIN
    tags:
      Team: platform

- name: What would it mean to leave S3 alone?
  flotilla.eks.capability:
    cluster_name: prod
    name: ack
    configuration:
      ack:
        disabled_services: [s3]
  check_mode: true
  diff: true

- name: Argo CD, with one administrator and the developers as readers
  flotilla.eks.capability:
    cluster_name: prod
    name: argocd
    type: ARGOCD
    role_arn: arn:aws:iam::123456789012:role/eks-capability
    delete_propagation_policy: RETAIN
    configuration:
      argo_cd:
        aws_idc:
          idc_instance_arn: arn:aws:sso:::instance/ssoins-1234567890abcdef
        rbac_role_mappings:
          - role: ADMIN
            identities:
              - id: 38414300-1041-708a-01af-5422d6091e34
                type: SSO_USER
          - role: VIEWER
            identities:
              - id: 9067f5e0-10b1-70f6-9b3a-0a6a0b0f1c2d
                type: SSO_GROUP

- name: The developers may edit
  flotilla.eks.capability:
    cluster_name: prod
    name: argocd
    configuration:
      argo_cd:
        aws_idc:
          idc_instance_arn: arn:aws:sso:::instance/ssoins-1234567890abcdef
        rbac_role_mappings:
          - role: ADMIN
            identities:
              - id: 38414300-1041-708a-01af-5422d6091e34
                type: SSO_USER
          - role: EDITOR
            identities:
              - id: 9067f5e0-10b1-70f6-9b3a-0a6a0b0f1c2d
                type: SSO_GROUP

- name: No more ACK. What it made stays
  flotilla.eks.capability:
    cluster_name: prod
    name: ack
    state: absent
"""

RETURN = r"""
---
capability_name:
  description: Name of the capability.
  returned: if the capability exists afterwards
  type: str
  sample: ack
arn:
  description: ARN of the capability.
  returned: if the capability exists afterwards
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:capability/prod/ack/ack/0ac1b2d3-4e5f-6071
cluster_name:
  description: Name of the cluster.
  returned: if the capability exists afterwards
  type: str
  sample: prod
type:
  description: C(ACK), C(ARGOCD) or C(KRO).
  returned: if the capability exists afterwards
  type: str
  sample: ACK
role_arn:
  description: ARN of the IAM role that it uses.
  returned: if the capability exists afterwards
  type: str
  sample: arn:aws:iam::123456789012:role/eks-capability
status:
  description: V(CREATING), V(ACTIVE), V(UPDATING), V(DELETING), V(DEGRADED), V(CREATE_FAILED) or V(DELETE_FAILED).
  returned: if the capability exists afterwards
  type: str
  sample: ACTIVE
version:
  description: Version of the software that EKS runs.
  returned: if the capability exists afterwards
  type: str
  sample: 1.0.0
configuration:
  description: The configuration, with what EKS fills in.
  returned: if the capability exists afterwards
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
  returned: if the capability exists afterwards
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
  returned: if the capability exists afterwards
  type: str
  sample: RETAIN
created_at:
  description: When it was created, in ISO 8601.
  returned: if the capability exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
modified_at:
  description: When it was last changed, in ISO 8601.
  returned: if the capability exists afterwards
  type: str
  sample: "2026-03-02T08:19:04.500000+00:00"
tags:
  description: The tags, with keys as they are.
  returned: if the capability exists afterwards
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.capability import CAPABILITY


def main() -> None:
    run(CAPABILITY)


if __name__ == "__main__":
    main()
