#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: iam_oidc_provider
version_added: 0.1.0
short_description: Manage the OpenID Connect provider of an Amazon EKS cluster in IAM
description:
  - Makes IAM trust the tokens that a cluster gives to its service accounts, so that IAM roles can be assumed with
    them (IAM roles for service accounts). EKS does not do it by itself.
  - No thumbprints are needed or sent. IAM verifies the issuers of EKS by the certificate authorities that it knows.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description:
      - Name of the cluster whose issuer the provider is for. The cluster must exist, and have become V(ACTIVE).
      - In check mode the cluster may be missing, as an earlier task may be the one that makes it.
      - With O(state=absent) and a cluster that is gone, a provider that was left over cannot be found by this name.
        The task then warns, and changes nothing. Remove the provider before the cluster, or by its O(url).
      - One of O(cluster_name) and O(url) is required.
    type: str
  url:
    description: Address of the issuer with C(https://), as RV(flotilla.eks.cluster#module:identity.oidc.issuer) has it.
    type: str
  client_ids:
    description:
      - The audiences whose tokens the provider accepts. Those that are missing are added.
      - The tokens of EKS that are meant for IAM have the audience V(sts.amazonaws.com).
    type: list
    elements: str
    aliases: [client_id_list]
    default:
      - sts.amazonaws.com
  purge_client_ids:
    description: Whether audiences that O(client_ids) does not name are removed.
    type: bool
    default: false
  tags:
    description:
      - The tags of the provider, 50 at most.
      - Omitted, they are left alone. With V({}) all are removed, unless O(purge_tags=false).
      - Keys that begin with V(aws:) belong to AWS. They cannot be set, and are never removed.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed. Without O(tags), it has no effect.
    type: bool
    default: true
  state:
    description:
      - With V(present), the provider is made if it is missing, and changed where it differs from the options given.
      - With V(absent), it is removed. It is no error if it does not exist. Roles that trust it remain.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Providers are found by the address of their issuer, so one that others made is adopted by naming its cluster.
  - IAM is global. The region of the task is that of the cluster.
seealso:
  - module: flotilla.eks.cluster
  - module: amazon.aws.iam_role
  - name: IAM roles for service accounts
    description: How a service account gets a role.
    link: https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: What would be done
  flotilla.eks.iam_oidc_provider:
    cluster_name: prod
    tags:
      Team: platform
  check_mode: true
  diff: true

- name: Let service accounts of the cluster have IAM roles
  flotilla.eks.iam_oidc_provider:
    cluster_name: prod
    tags:
      Team: platform
  register: provider

- name: A role for one service account
  amazon.aws.iam_role:
    name: prod-reports
    create_instance_profile: false
    delete_instance_profile: false
    assume_role_policy_document: "{{ trust | to_json }}"
  vars:
    issuer: "{{ provider.url | regex_replace('^https://', '') }}"
    trust:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: sts:AssumeRoleWithWebIdentity
          Principal:
            Federated: "{{ provider.arn }}"
          Condition:
            StringEquals: "{{ {issuer ~ ':aud': 'sts.amazonaws.com', issuer ~ ':sub': subject} }}"
    subject: system:serviceaccount:apps:reports

- name: Remove the provider, before the cluster goes
  flotilla.eks.iam_oidc_provider:
    cluster_name: prod
    state: absent
"""

RETURN = r"""
---
arn:
  description: ARN of the provider, which the trust policies of roles name as a federated principal.
  returned: when the provider exists
  type: str
  sample: arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C3D4E5F6071
url:
  description: Address of the issuer.
  returned: when the provider exists
  type: str
  sample: https://oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C3D4E5F6071
client_ids:
  description: The audiences that the provider accepts.
  returned: when the provider exists
  type: list
  elements: str
  sample: [sts.amazonaws.com]
thumbprints:
  description: What IAM knows of the certificates of the issuer.
  returned: when the provider exists
  type: list
  elements: str
create_date:
  description: When the provider was made, in ISO 8601.
  returned: when the provider exists
  type: str
  sample: "2026-03-02T08:15:30+00:00"
tags:
  description: The tags, with keys as they are.
  returned: when the provider exists
  type: dict
  sample:
    Team: platform
changes:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(create), V(update), V(tag), V(untag) or V(delete).
      type: str
      sample: create
    operation:
      description: The operation of the IAM API.
      type: str
      sample: CreateOpenIDConnectProvider
    fields:
      description: What it changes.
      type: list
      elements: str
      sample: [url, client_ids, tags]
diff:
  description: What changes, before and after.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: Before.
      type: dict
    after:
      description: After.
      type: dict
    before_header:
      description: What it is about.
      type: str
    after_header:
      description: What it is about.
      type: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._oidc_provider import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
