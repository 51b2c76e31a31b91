#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pod_identity_association
version_added: 0.1.0
short_description: Pod identity associations of Amazon EKS clusters
description:
  - Gives the pods of a service account the credentials of an IAM role, by EKS Pod Identity.
  - The association is found by cluster, namespace and service account. A service account has one at most.
  - The cluster needs the add-on C(eks-pod-identity-agent), or EKS Auto Mode.
author: flotilla.eks contributors (!UNKNOWN)
options:
  namespace:
    description: Namespace of the service account. It cannot be changed, and need not exist yet.
    type: str
    required: true
  service_account:
    description: Name of the service account. It cannot be changed, and need not exist yet.
    type: str
    required: true
  role_arn:
    description:
      - ARN of the IAM role, of the cluster's account. C(pods.eks.amazonaws.com) must be allowed to assume it, with
        C(sts:AssumeRole) and C(sts:TagSession). Needed to create an association.
    type: str
  target_role_arn:
    description:
      - ARN of a role, of this account or of another one, that is assumed by means of O(role_arn), and whose credentials
        the pods get. Its trust policy should demand the external id that the result tells.
      - With an empty text there is none.
    type: str
  disable_session_tags:
    description: Whether sessions go without the tags for cluster, namespace and service account that EKS gives them.
    type: bool
  policy:
    description:
      - A session policy that restricts what the role, or the target role if there is one, allows. As a dictionary, or
        as text in JSON. It is compared as data.
      - EKS demands O(disable_session_tags=true) together with it. With V({}) there is none.
    type: raw
notes:
  - Changes take effect in the API at once, and in pods that are started some seconds later.
  - The associations of an add-on are changed through the add-on. See
    O(flotilla.eks.addon#module:pod_identity_associations).
seealso:
  - module: flotilla.eks.pod_identity_association_info
  - module: flotilla.eks.addon
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

- name: The pods of a service account work with a role
  flotilla.eks.pod_identity_association:
    cluster_name: prod
    namespace: shop
    service_account: orders
    role_arn: arn:aws:iam::123456789012:role/orders
    tags:
      Team: shop

- name: What would another role mean?
  flotilla.eks.pod_identity_association:
    cluster_name: prod
    namespace: shop
    service_account: orders
    role_arn: arn:aws:iam::123456789012:role/reports
  check_mode: true
  diff: true

- name: They may read one bucket only, whatever the role allows
  flotilla.eks.pod_identity_association:
    cluster_name: prod
    namespace: shop
    service_account: orders
    disable_session_tags: true
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: s3:GetObject
          Resource: arn:aws:s3:::orders/*

- name: They work in another account
  flotilla.eks.pod_identity_association:
    cluster_name: prod
    namespace: shop
    service_account: reports
    role_arn: arn:aws:iam::123456789012:role/reports
    target_role_arn: arn:aws:iam::111122223333:role/reports

- name: They no longer do
  flotilla.eks.pod_identity_association:
    cluster_name: prod
    namespace: shop
    service_account: reports
    state: absent
"""

RETURN = r"""
---
association_id:
  description: Id of the association.
  returned: if the association exists afterwards
  type: str
  sample: a-0ac1b2d34e5f60718
association_arn:
  description: ARN of the association.
  returned: if the association exists afterwards
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:podidentityassociation/prod/a-0ac1b2d34e5f60718
cluster_name:
  description: Name of the cluster.
  returned: if the association exists afterwards
  type: str
  sample: prod
namespace:
  description: Namespace of the service account.
  returned: if the association exists afterwards
  type: str
  sample: shop
service_account:
  description: Name of the service account.
  returned: if the association exists afterwards
  type: str
  sample: orders
role_arn:
  description: ARN of the role that the pods work with, or by which they assume the target role.
  returned: if the association exists afterwards
  type: str
  sample: arn:aws:iam::123456789012:role/orders
target_role_arn:
  description: ARN of the target role, if there is one.
  returned: if the association exists afterwards
  type: str
  sample: arn:aws:iam::111122223333:role/orders
external_id:
  description: By which the trust policy of the target role knows this association, if there is a target role.
  returned: if the association exists afterwards
  type: str
  sample: eu-central-1/123456789012/prod/shop/orders
disable_session_tags:
  description: Whether sessions go without the tags that EKS gives them.
  returned: if the association exists afterwards
  type: bool
  sample: false
policy:
  description: The session policy, as data, if there is one.
  returned: if the association exists afterwards
  type: dict
  sample:
    Version: "2012-10-17"
    Statement:
      - {Effect: Allow, Action: "s3:GetObject", Resource: "*"}
owner_arn:
  description: ARN of the add-on that the association belongs to, if it does to one.
  returned: if the association exists afterwards
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:addon/prod/vpc-cni/0ac1b2d3-4e5f-6071-8293-a4b5c6d7e8f9
created_at:
  description: When the association was created, in ISO 8601.
  returned: if the association exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
modified_at:
  description: When the association was last changed, in ISO 8601.
  returned: if the association exists afterwards
  type: str
  sample: "2026-03-02T08:19:04.500000+00:00"
tags:
  description: The tags, with keys as they are.
  returned: if the association exists afterwards
  type: dict
  sample:
    Team: shop
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
      operation: UpdatePodIdentityAssociation
      fields: [role_arn]
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.pod_identity_association import (
    POD_IDENTITY_ASSOCIATION,
)


def main() -> None:
    run(POD_IDENTITY_ASSOCIATION)


if __name__ == "__main__":
    main()
