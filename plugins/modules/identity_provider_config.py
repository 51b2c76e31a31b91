#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: identity_provider_config
version_added: 0.1.0
short_description: OIDC identity providers of Amazon EKS clusters
description:
  - Lets the users of an OpenID Connect provider into a cluster, beside the principals of IAM.
  - What they may do there is for roles and role bindings of Kubernetes to say.
  - This is not the IAM OIDC provider by which pods get roles of IAM.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description: Name of the configuration. A cluster has one configuration at most.
    type: str
    required: true
    aliases: [identity_provider_config_name]
  issuer_url:
    description:
      - URL of the provider as the claim C(iss) of its tokens has it, beginning with V(https://) and without a query.
        EKS has to reach C(.well-known/openid-configuration) below it over the internet. Needed to create a
        configuration. It cannot be changed.
    type: str
  client_id:
    description:
      - For whom the provider issues the tokens, their claim C(aud). Needed to create a configuration. It cannot be
        changed.
    type: str
  username_claim:
    description: The claim that holds the name of the user. Omitted at creation, C(sub). It cannot be changed.
    type: str
  username_prefix:
    description:
      - What Kubernetes puts before the name of a user. V(-) means nothing. Omitted at creation, the URL of the
        provider and a C(#), unless the claim is C(email). It must not contain V(system:). It cannot be changed.
    type: str
  groups_claim:
    description: The claim that holds the groups of the user. It cannot be changed.
    type: str
  groups_prefix:
    description:
      - What Kubernetes puts before the names of groups. It must not contain V(system:). It cannot be changed.
    type: str
  required_claims:
    description: Claims that a token must have, with their values. They cannot be changed.
    type: dict
  wait_timeout:
    default: 2400
notes:
  - EKS takes 10 to 20 minutes to associate a provider, and as long to disassociate one. Meanwhile the cluster takes no
    other update.
  - Nothing but the tags can be changed. With O(replace=true), a configuration that differs is disassociated and
    associated anew, between which its users are locked out.
seealso:
  - module: flotilla.eks.identity_provider_config_info
  - module: flotilla.eks.access_entry
  - module: flotilla.eks.cluster
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

- name: Let the company's users in
  flotilla.eks.identity_provider_config:
    cluster_name: prod
    name: corporate
    issuer_url: https://id.example.org
    client_id: kubernetes
    username_claim: email
    groups_claim: groups
    groups_prefix: "oidc:"
    tags:
      Team: platform

- name: Would another client id mean a replacement?
  flotilla.eks.identity_provider_config:
    cluster_name: prod
    name: corporate
    client_id: eks-prod
    issuer_url: https://id.example.org
    replace: true
  check_mode: true
  diff: true

- name: Let engineers in only
  flotilla.eks.identity_provider_config:
    cluster_name: prod
    name: corporate
    issuer_url: https://id.example.org
    client_id: kubernetes
    username_claim: email
    groups_claim: groups
    groups_prefix: "oidc:"
    required_claims:
      department: engineering
    replace: true

- name: Let nobody in but principals of IAM
  flotilla.eks.identity_provider_config:
    cluster_name: prod
    name: corporate
    state: absent
"""

RETURN = r"""
---
identity_provider_config_name:
  description: Name of the configuration.
  returned: if the configuration exists afterwards
  type: str
  sample: corporate
identity_provider_config_arn:
  description: ARN of the configuration.
  returned: if the configuration exists afterwards
  type: str
  sample: >-
    arn:aws:eks:eu-central-1:123456789012:identityproviderconfig/prod/oidc/corporate/0ac1b2d3-4e5f-6071
cluster_name:
  description: Name of the cluster.
  returned: if the configuration exists afterwards
  type: str
  sample: prod
issuer_url:
  description: URL of the provider.
  returned: if the configuration exists afterwards
  type: str
  sample: https://id.example.org
client_id:
  description: For whom the tokens are issued.
  returned: if the configuration exists afterwards
  type: str
  sample: kubernetes
username_claim:
  description: The claim that holds the name of the user.
  returned: if it was set
  type: str
  sample: email
username_prefix:
  description: What Kubernetes puts before names of users.
  returned: if it was set
  type: str
  sample: "oidc:"
groups_claim:
  description: The claim that holds the groups.
  returned: if it was set
  type: str
  sample: groups
groups_prefix:
  description: What Kubernetes puts before names of groups.
  returned: if it was set
  type: str
  sample: "oidc:"
required_claims:
  description: The claims that a token must have, with their values.
  returned: if there are any
  type: dict
  sample:
    department: engineering
status:
  description: V(CREATING), V(ACTIVE) or V(DELETING).
  returned: if the configuration exists afterwards
  type: str
  sample: ACTIVE
tags:
  description: The tags, with keys as they are.
  returned: if the configuration exists afterwards
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.identity_provider_config import (
    IDENTITY_PROVIDER_CONFIG,
)


def main() -> None:
    run(IDENTITY_PROVIDER_CONFIG)


if __name__ == "__main__":
    main()
