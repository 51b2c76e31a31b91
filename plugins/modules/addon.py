#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: addon
version_added: 0.1.0
short_description: Add-ons of Amazon EKS clusters
description:
  - Has EKS install, configure, update and remove the software of a cluster, such as the VPC CNI, CoreDNS and the EBS
    CSI driver.
  - M(flotilla.eks.addon_versions_info) tells which add-ons there are, in which versions, and what can be configured.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description: Name of the add-on, such as V(vpc-cni). It cannot be changed.
    type: str
    required: true
    aliases: [addon_name]
  addon_version:
    description:
      - Version of the add-on, such as V(v1.20.4-eksbuild.2), V(latest) or V(default).
      - V(latest) is the newest version that runs on the cluster's version of Kubernetes, and V(default) the one that
        EKS takes if it is told none, which may be older than the one that is there. Each is looked up with two calls.
      - Omitted, a new add-on gets the default version, and one that is there keeps its version.
    type: str
  configuration_values:
    description:
      - The configuration, as a dictionary, or as text in JSON or YAML.
      - It is compared as data, so that order and spelling make no difference, and replaces the whole configuration that
        is there. With V({}) nothing is configured.
      - What is to be sent is checked before, by the JSON schema that EKS publishes for the version, also in check mode.
      - A version that no longer takes the configuration that is there is found out in the same way.
    type: raw
  service_account_role_arn:
    description:
      - ARN of the IAM role of the add-on's service account. The cluster's OIDC provider must be known to IAM and to the
        trust policy of the role.
      - With an empty text, the add-on works with the role of its nodes. EKS recommends O(pod_identity_associations).
    type: str
  pod_identity_associations:
    description:
      - The IAM roles of the add-on's service accounts, in any order, by EKS Pod Identity, which needs the add-on
        C(eks-pod-identity-agent).
      - They belong to the add-on and go with it. A role that differs is exchanged. With V([]) all are removed.
      - EKS refuses a service account that has an association which the add-on did not make.
    type: list
    elements: dict
    suboptions:
      service_account:
        description: Name of the service account. M(flotilla.eks.addon_versions_info) tells those that an add-on has.
        type: str
        required: true
      role_arn:
        description:
          - ARN of the role. C(pods.eks.amazonaws.com) must be allowed to assume it, with C(sts:AssumeRole) and
            C(sts:TagSession).
        type: str
        required: true
  namespace_config:
    description: Where the add-on is installed. It cannot be changed.
    type: dict
    suboptions:
      namespace:
        description: The namespace, if it is not to be the one that the add-on has by itself.
        type: str
  resolve_conflicts:
    description:
      - What happens to fields of Kubernetes objects that others have set, where a creation or an update needs them.
      - With V(OVERWRITE), they are overwritten. With V(NONE), which EKS takes if it is omitted, it may fail. With
        V(PRESERVE), an update keeps them, and a creation does as with V(NONE).
      - New clusters have their own VPC CNI, kube-proxy and CoreDNS, unless they were created without. The add-ons take
        them over with V(OVERWRITE).
      - It accompanies a change, and is none by itself.
    type: str
    choices: [OVERWRITE, NONE, PRESERVE]
  preserve:
    description: Whether a deletion leaves the software in the cluster, unmanaged, with its pod identity associations.
    type: bool
  wait_timeout:
    default: 1200
notes:
  - Add-ons such as CoreDNS, metrics-server and the controllers of the CSI drivers need nodes. Without nodes they become
    V(DEGRADED) after some time, which fails the task, and recover when nodes come. Create them after the nodes, or with
    O(wait=false).
  - The VPC CNI, kube-proxy and the pod identity agent need no nodes, and nodes need them. Create them before.
seealso:
  - module: flotilla.eks.addon_info
  - module: flotilla.eks.addon_versions_info
  - module: flotilla.eks.pod_identity_association
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.in_cluster
  - flotilla.eks.state
  - flotilla.eks.replacing
  - flotilla.eks.tags
  - flotilla.eks.settling
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: The VPC CNI in the default version, with prefixes instead of single addresses
  flotilla.eks.addon:
    cluster_name: prod
    name: vpc-cni
    addon_version: default
    resolve_conflicts: OVERWRITE
    configuration_values:
      env:
        ENABLE_PREFIX_DELEGATION: "true"
        WARM_PREFIX_TARGET: "1"
    tags:
      Team: platform

- name: What would the latest version mean?
  flotilla.eks.addon:
    cluster_name: prod
    name: vpc-cni
    addon_version: latest
  check_mode: true
  diff: true

- name: The latest version, with what others have set left as it is
  flotilla.eks.addon:
    cluster_name: prod
    name: vpc-cni
    addon_version: latest
    resolve_conflicts: PRESERVE

- name: CoreDNS on at least three nodes
  flotilla.eks.addon:
    cluster_name: prod
    name: coredns
    resolve_conflicts: OVERWRITE
    configuration_values:
      replicaCount: 3

- name: The EBS CSI driver with a role of its own
  flotilla.eks.addon:
    cluster_name: prod
    name: aws-ebs-csi-driver
    addon_version: v1.51.1-eksbuild.1
    pod_identity_associations:
      - service_account: ebs-csi-controller-sa
        role_arn: arn:aws:iam::123456789012:role/ebs-csi

- name: No longer have EKS manage the VPC CNI, and keep it
  flotilla.eks.addon:
    cluster_name: prod
    name: vpc-cni
    preserve: true
    state: absent
"""

RETURN = r"""
---
addon_name:
  description: Name of the add-on.
  returned: if the add-on exists afterwards
  type: str
  sample: vpc-cni
addon_arn:
  description: ARN of the add-on.
  returned: if the add-on exists afterwards
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:addon/prod/vpc-cni/0ac1b2d3-4e5f-6071-8293-a4b5c6d7e8f9
cluster_name:
  description: Name of the cluster.
  returned: if the add-on exists afterwards
  type: str
  sample: prod
addon_version:
  description: Version of the add-on.
  returned: if the add-on exists afterwards
  type: str
  sample: v1.20.4-eksbuild.2
status:
  description:
    - State of the add-on, C(CREATING), C(ACTIVE), C(UPDATING), C(DELETING), C(CREATE_FAILED), C(UPDATE_FAILED),
      C(DELETE_FAILED) or C(DEGRADED).
  returned: if the add-on exists afterwards
  type: str
  sample: ACTIVE
health:
  description: What is wrong with the add-on.
  returned: if the add-on exists afterwards
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
  returned: if the add-on exists afterwards
  type: dict
  sample:
    env:
      WARM_PREFIX_TARGET: "1"
service_account_role_arn:
  description: ARN of the IAM role of the add-on's service account, if it has one.
  returned: if the add-on exists afterwards
  type: str
  sample: arn:aws:iam::123456789012:role/vpc-cni
pod_identity_associations:
  description:
    - The pod identity associations that belong to the add-on. M(flotilla.eks.addon) tells all of each if
      O(flotilla.eks.addon#module:pod_identity_associations) is given, and else its ARN and id.
  returned: if the add-on exists afterwards
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
  returned: if the add-on exists afterwards
  type: dict
  contains:
    namespace:
      description: The namespace.
      type: str
      sample: kube-system
publisher:
  description: Who published the add-on.
  returned: if the add-on exists afterwards
  type: str
  sample: eks
owner:
  description: Who owns the add-on.
  returned: if the add-on exists afterwards
  type: str
  sample: aws
marketplace_information:
  description: The product of an add-on from the AWS Marketplace.
  returned: if the add-on exists afterwards
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
  returned: if the add-on exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
modified_at:
  description: When the add-on was last changed, in ISO 8601.
  returned: if the add-on exists afterwards
  type: str
  sample: "2026-03-02T08:19:04.500000+00:00"
tags:
  description: The tags, with keys as they are.
  returned: if the add-on exists afterwards
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
    - action: update
      operation: UpdateAddon
      fields: [addon_version]
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.addon import ADDON


def main() -> None:
    run(ADDON)


if __name__ == "__main__":
    main()
