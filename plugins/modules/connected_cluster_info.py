#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: connected_cluster_info
version_added: 0.1.0
short_description: Facts about Kubernetes clusters from elsewhere that Amazon EKS shows
description:
  - Describes one connected cluster of a region, or all of them. Several are read at the same time. Clusters of EKS
    itself are left out.
  - Activation codes are not told.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the connected cluster. Omitted, all connected clusters of the region are described.
      - One that does not exist gives an empty list, and no error.
    type: str
seealso:
  - module: flotilla.eks.connected_cluster
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

- name: All connected clusters
  flotilla.eks.connected_cluster_info:
  register: region

- name: Which wait for their manifest
  ansible.builtin.debug:
    msg: "{{ region.connected_clusters | selectattr('status', 'equalto', 'PENDING') | map(attribute='name') }}"

- name: One connected cluster
  flotilla.eks.connected_cluster_info:
    name: site
"""

RETURN = r"""
---
connected_clusters:
  description: The connected clusters, in the order in which EKS lists them. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the connected cluster.
      type: str
      sample: site
    arn:
      description: ARN of the connected cluster.
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:cluster/site
    created_at:
      description: When it was registered, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    version:
      description: Its Kubernetes version.
      type: str
      sample: "1.33"
    status:
      description: V(PENDING) until the manifest has been applied in the cluster, then V(ACTIVE).
      type: str
      sample: PENDING
    connector_config:
      description: How it is connected.
      type: dict
      contains:
        activation_id:
          description: The id that goes into the manifest.
          type: str
          sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
        activation_expiry:
          description: Until when the manifest has to be applied, in ISO 8601.
          type: str
          sample: "2026-03-05T08:15:30.250000+00:00"
        provider:
          description: Where it runs.
          type: str
          sample: OTHER
        role_arn:
          description: ARN of the role of its agent.
          type: str
          sample: arn:aws:iam::123456789012:role/eks-connector
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
            message:
              description: What EKS says about it.
              type: str
            resource_ids:
              description: The resources that it is about.
              type: list
              elements: str
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        Team: platform
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.connected_cluster import CONNECTED_CLUSTER


def main() -> None:
    run_info(CONNECTED_CLUSTER)


if __name__ == "__main__":
    main()
