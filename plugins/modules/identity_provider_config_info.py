#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: identity_provider_config_info
version_added: 0.1.0
short_description: Facts about OIDC identity providers of Amazon EKS clusters
description:
  - Describes the OIDC identity provider configuration of an EKS cluster.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the configuration. Omitted, all configurations of the cluster are described, and it is an error if
        there is no such cluster.
      - A configuration that does not exist gives an empty list, and no error.
    type: str
    aliases: [identity_provider_config_name]
seealso:
  - module: flotilla.eks.identity_provider_config
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

- name: The identity provider of a cluster
  flotilla.eks.identity_provider_config_info:
    cluster_name: prod
  register: prod

- name: Stop unless it is the company's
  ansible.builtin.assert:
    that: prod.identity_provider_configs | map(attribute='issuer_url') | list == ['https://id.example.org']

- name: One configuration by its name
  flotilla.eks.identity_provider_config_info:
    cluster_name: prod
    name: corporate
"""

RETURN = r"""
---
identity_provider_configs:
  description: The configurations. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    identity_provider_config_name:
      description: Name of the configuration.
      type: str
      sample: corporate
    identity_provider_config_arn:
      description: ARN of the configuration.
      type: str
      sample: >-
        arn:aws:eks:eu-central-1:123456789012:identityproviderconfig/prod/oidc/corporate/0ac1b2d3-4e5f-6071
    cluster_name:
      description: Name of the cluster.
      type: str
      sample: prod
    issuer_url:
      description: URL of the provider.
      type: str
      sample: https://id.example.org
    client_id:
      description: For whom the tokens are issued.
      type: str
      sample: kubernetes
    username_claim:
      description: The claim that holds the name of the user.
      type: str
      sample: email
    username_prefix:
      description: What Kubernetes puts before names of users.
      type: str
      sample: "oidc:"
    groups_claim:
      description: The claim that holds the groups.
      type: str
      sample: groups
    groups_prefix:
      description: What Kubernetes puts before names of groups.
      type: str
      sample: "oidc:"
    required_claims:
      description: The claims that a token must have, with their values.
      type: dict
      sample:
        department: engineering
    status:
      description: V(CREATING), V(ACTIVE) or V(DELETING).
      type: str
      sample: ACTIVE
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        Team: platform
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.identity_provider_config import (
    IDENTITY_PROVIDER_CONFIG,
)


def main() -> None:
    run_info(IDENTITY_PROVIDER_CONFIG)


if __name__ == "__main__":
    main()
