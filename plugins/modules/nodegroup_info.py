#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nodegroup_info
version_added: 0.1.0
short_description: Facts about managed node groups of Amazon EKS
description:
  - Describes one managed node group of an EKS cluster, or all of them, however many there are. Several are read at
    the same time.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the node group. Omitted, all node groups of the cluster are described, and it is an error if there is
        no such cluster.
      - A node group that does not exist gives an empty list, and no error.
    type: str
    aliases: [nodegroup_name]
seealso:
  - module: flotilla.eks.nodegroup
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

- name: All node groups of a cluster
  flotilla.eks.nodegroup_info:
    cluster_name: prod
  register: prod

- name: How many nodes they have
  ansible.builtin.debug:
    msg: "{{ prod.nodegroups | sum(attribute='scaling_config.desired_size') }}"

- name: Groups whose nodes are behind the others
  ansible.builtin.debug:
    msg: "{{ prod.nodegroups | rejectattr('version', 'version', '1.34', '>=') | map(attribute='nodegroup_name') }}"

- name: One node group
  flotilla.eks.nodegroup_info:
    cluster_name: prod
    name: web
  register: web

- name: The Auto Scaling group behind it
  ansible.builtin.debug:
    msg: "{{ web.nodegroups[0].resources.auto_scaling_groups[0].name }}"
"""

RETURN = r"""
---
nodegroups:
  description: The node groups, in the order in which EKS lists them. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    nodegroup_name:
      description: Name of the node group.
      type: str
      sample: web
    nodegroup_arn:
      description: ARN of the node group.
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:nodegroup/prod/web/0ac1b2d3-4e5f-6071-8293-a4b5c6d7e8f9
    cluster_name:
      description: Name of its cluster.
      type: str
      sample: prod
    status:
      description:
        - State of the node group, V(CREATING), V(ACTIVE), V(UPDATING), V(DELETING), V(CREATE_FAILED),
          V(DELETE_FAILED) or V(DEGRADED).
      type: str
      sample: ACTIVE
    created_at:
      description: When it was created, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    modified_at:
      description: When it was last changed, in ISO 8601.
      type: str
      sample: "2026-03-02T08:19:04.500000+00:00"
    version:
      description: Kubernetes minor version of the nodes.
      type: str
      sample: "1.33"
    release_version:
      description: Release of the AMI that EKS gave the nodes, or the id of your own AMI from the launch template.
      type: str
      sample: 1.33.5-20251120
    ami_type:
      description: Kind of AMI, V(CUSTOM) for your own.
      type: str
      sample: AL2023_x86_64_STANDARD
    capacity_type:
      description: How the nodes are bought.
      type: str
      sample: ON_DEMAND
    instance_types:
      description: EC2 instance types of the nodes.
      returned: if the launch template does not name one
      type: list
      elements: str
      sample: [m6i.large]
    disk_size:
      description: Size of the root volume in GiB.
      returned: if there is no launch template
      type: int
      sample: 20
    node_role:
      description: ARN of the nodes' IAM role.
      type: str
      sample: arn:aws:iam::123456789012:role/eks-node
    subnets:
      description: Ids of the subnets in which nodes are started.
      type: list
      elements: str
      sample: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
    remote_access:
      description: Access to the nodes themselves.
      returned: if it was set
      type: dict
      contains:
        ec2_ssh_key:
          description: Name of the EC2 key pair.
          type: str
        source_security_groups:
          description: Ids of the security groups from which the nodes can be reached.
          type: list
          elements: str
    scaling_config:
      description: How many nodes there are.
      type: dict
      contains:
        min_size:
          description: The fewest nodes.
          type: int
        max_size:
          description: The most nodes.
          type: int
        desired_size:
          description: The number of nodes.
          type: int
      sample:
        min_size: 2
        max_size: 4
        desired_size: 2
    labels:
      description: The Kubernetes labels that EKS puts on the nodes, with keys as they are.
      type: dict
      sample:
        tier: web
    taints:
      description: The Kubernetes taints of the nodes.
      returned: if there are any
      type: list
      elements: dict
      contains:
        key:
          description: Key of the taint.
          type: str
        value:
          description: Value of the taint.
          type: str
        effect:
          description: V(NO_SCHEDULE), V(NO_EXECUTE) or V(PREFER_NO_SCHEDULE).
          type: str
    update_config:
      description: How nodes are exchanged.
      type: dict
      contains:
        max_unavailable:
          description: How many nodes may be out of service at a time.
          type: int
        max_unavailable_percentage:
          description: The same as a share of all nodes.
          type: int
        update_strategy:
          description: V(DEFAULT), new nodes first, or V(MINIMAL), old ones first.
          type: str
    node_repair_config:
      description: The repair of unhealthy nodes.
      returned: if it was set
      type: dict
      contains:
        enabled:
          description: Whether EKS repairs nodes.
          type: bool
        max_unhealthy_node_threshold_count:
          description: Repairs stop while more nodes than this are unhealthy.
          type: int
        max_unhealthy_node_threshold_percentage:
          description: The same as a share of all nodes.
          type: int
        max_parallel_nodes_repaired_count:
          description: How many nodes are repaired at a time.
          type: int
        max_parallel_nodes_repaired_percentage:
          description: The same as a share of the unhealthy nodes.
          type: int
        node_repair_config_overrides:
          description: Other repairs for certain conditions.
          type: list
          elements: dict
          contains:
            node_monitoring_condition:
              description: The condition.
              type: str
            node_unhealthy_reason:
              description: The reason.
              type: str
            min_repair_wait_time_mins:
              description: How many minutes pass before the node is repaired.
              type: int
            repair_action:
              description: What is done with the node.
              type: str
    warm_pool_config:
      description: Instances that are kept ready.
      returned: if it was set
      type: dict
      contains:
        enabled:
          description: Whether there is a warm pool.
          type: bool
        min_size:
          description: The fewest instances in the pool.
          type: int
        max_group_prepared_capacity:
          description: The most instances of the pool and the group together.
          type: int
        pool_state:
          description: What state the instances are kept in.
          type: str
        reuse_on_scale_in:
          description: Whether nodes return to the pool.
          type: bool
    launch_template:
      description: The launch template of the nodes.
      returned: if there is one
      type: dict
      contains:
        id:
          description: Id of the launch template.
          type: str
        name:
          description: Name of the launch template.
          type: str
        version:
          description: Number of its version.
          type: str
    resources:
      description: What EKS made for the node group.
      type: dict
      contains:
        auto_scaling_groups:
          description: The Auto Scaling groups.
          type: list
          elements: dict
          contains:
            name:
              description: Name of the Auto Scaling group.
              type: str
        remote_access_security_group:
          description: Id of the security group for remote access.
          type: str
    health:
      description: What is wrong with the node group.
      type: dict
      contains:
        issues:
          description: The issues that EKS found, none if all is well.
          type: list
          elements: dict
          contains:
            code:
              description: Kind of issue, such as C(NodeCreationFailure).
              type: str
            message:
              description: What EKS says of it.
              type: str
            resource_ids:
              description: What it is about.
              type: list
              elements: str
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        Team: platform
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.nodegroup import NODEGROUP


def main() -> None:
    run_info(NODEGROUP)


if __name__ == "__main__":
    main()
