#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: bootstrap_info
version_added: 0.1.0
short_description: What a machine needs to join an Amazon EKS cluster
description:
  - Tells what the NodeConfig of a machine is made of, and which IAM roles the cluster lets in, for any number of
    machines.
  - It calls DescribeCluster, and by the authentication mode of the cluster ListAccessEntries, or reads the ConfigMap
    C(aws-auth) by the Kubernetes API, or both.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description: Name of the EKS cluster.
    type: str
    required: true
  role_arn:
    description: ARN of an IAM role to assume for the Kubernetes API.
    type: str
  required:
    version_added: 0.5.0
    description: Whether it fails where there is no such cluster. Otherwise RV(cluster) is none then.
    type: bool
    default: true
  on_premises:
    version_added: 0.5.0
    description:
      - Tell also what a machine on premises must not get in the way of, RV(vpc_cidrs) and RV(nodes).
      - Takes a call of DescribeVpcs, and one of the Kubernetes API.
    type: bool
    default: false
seealso:
  - module: flotilla.eks.ec2_node_preflight
  - module: flotilla.eks.hybrid_node_preflight
  - plugin: flotilla.eks.node_config
    plugin_type: filter
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

- name: See what nodes of the cluster have to know
  flotilla.eks.bootstrap_info:
    cluster_name: prod
  register: bootstrap

- name: Show the NodeConfig that they need at least
  ansible.builtin.debug:
    msg: "{{ bootstrap.cluster | flotilla.eks.node_config }}"
"""

RETURN = r"""
---
cluster:
  description: The cluster, as M(flotilla.eks.cluster_info) returns it. None where there is none, if O(required=false).
  returned: always
  type: dict
  sample:
    name: prod
    status: ACTIVE
    version: "1.33"
    endpoint: https://3b5f9c1d2e4a.gr7.eu-central-1.eks.amazonaws.com
roles:
  description:
    - ARNs of the roles that have an access entry or a row of C(aws-auth), whichever counts. In rows, they are without
      paths.
    - None while the cluster is not there to ask.
  returned: always
  type: list
  elements: str
  sample: [arn:aws:iam::123456789012:role/eks-node]
vpc_cidrs:
  description: The networks of the VPC of the cluster. None if the caller must not call DescribeVpcs.
  returned: if O(on_premises)
  type: list
  elements: str
  sample: [10.0.0.0/16]
nodes:
  description: The nodes on premises that the cluster has. None while it is not there to ask.
  returned: if O(on_premises)
  type: list
  elements: dict
  contains:
    name:
      description: Name of the Node.
      type: str
      sample: mi-0a1b2c3d4e5f60718
    address:
      description: Its address.
      type: str
      sample: 10.80.0.5
    ready:
      description: Whether it is ready.
      type: bool
      sample: true
"""

from ansible_collections.flotilla.eks.plugins.module_utils._bootstrap_info import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
