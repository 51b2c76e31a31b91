#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nodegroup
version_added: 0.1.0
short_description: Managed node groups of Amazon EKS
description:
  - Creates, changes, upgrades, replaces and deletes managed node groups, that is, nodes in an Auto Scaling group that
    EKS makes, patches and drains.
  - Every field that CreateNodegroup, UpdateNodegroupConfig and UpdateNodegroupVersion take is an option, under the
    same name in snake case.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the node group, unique in its cluster. It cannot be changed.
      - 1 to 63 letters, digits, hyphens and underscores, beginning with a letter or a digit.
    type: str
    required: true
    aliases: [nodegroup_name]
  node_role:
    description: ARN of the IAM role of the nodes. Needed to create a group. It cannot be changed.
    type: str
  subnets:
    description:
      - Ids of the subnets in which nodes are started, in any order. Needed to create a group. They cannot be changed.
    type: list
    elements: str
  instance_types:
    description:
      - The EC2 instance types of the nodes, 20 at most, the preferred ones first. They cannot be changed.
      - Omitted at creation, it is the one in the launch template, or else V(t3.medium). The launch template and this
        option must not both name types.
      - For O(capacity_type=SPOT), several types make interruptions rarer.
    type: list
    elements: str
  ami_type:
    description:
      - The kind of AMI that EKS gives the nodes. It has to fit the architecture of O(instance_types). It cannot be
        changed.
      - Do not give it if the launch template names an AMI of your own. EKS then says V(CUSTOM).
      - Of Amazon Linux 2, which the types V(AL2_x86_64), V(AL2_x86_64_GPU) and V(AL2_ARM_64) mean, AWS publishes no
        new AMIs since November 2025.
    type: str
    choices:
      - AL2_x86_64
      - AL2_x86_64_GPU
      - AL2_ARM_64
      - CUSTOM
      - BOTTLEROCKET_ARM_64
      - BOTTLEROCKET_x86_64
      - BOTTLEROCKET_ARM_64_FIPS
      - BOTTLEROCKET_x86_64_FIPS
      - BOTTLEROCKET_ARM_64_NVIDIA
      - BOTTLEROCKET_x86_64_NVIDIA
      - BOTTLEROCKET_ARM_64_NVIDIA_FIPS
      - BOTTLEROCKET_x86_64_NVIDIA_FIPS
      - WINDOWS_CORE_2019_x86_64
      - WINDOWS_FULL_2019_x86_64
      - WINDOWS_CORE_2022_x86_64
      - WINDOWS_FULL_2022_x86_64
      - WINDOWS_CORE_2025_x86_64
      - WINDOWS_FULL_2025_x86_64
      - AL2023_x86_64_STANDARD
      - AL2023_ARM_64_STANDARD
      - AL2023_x86_64_NEURON
      - AL2023_x86_64_NVIDIA
      - AL2023_ARM_64_NVIDIA
  capacity_type:
    description:
      - How the nodes are bought. AWS creates groups with V(ON_DEMAND). It cannot be changed.
      - With V(CAPACITY_BLOCK), the launch template has to name the instance type.
    type: str
    choices: [ON_DEMAND, SPOT, CAPACITY_BLOCK]
  disk_size:
    description:
      - Size of the root volume in GiB. AWS gives 20, and 50 to Windows. It cannot be changed.
      - Not together with O(launch_template), which says it itself.
    type: int
  remote_access:
    description:
      - Access to the nodes themselves, by SSH or, for Windows, RDP. It cannot be changed.
      - Not together with O(launch_template), which says it itself.
    type: dict
    suboptions:
      ec2_ssh_key:
        description:
          - Name of the EC2 key pair.
          - Without O(remote_access.source_security_groups), AWS opens the port to the whole internet.
        type: str
      source_security_groups:
        description: Ids of the security groups from which the nodes can be reached, in any order.
        type: list
        elements: str
        aliases: [source_sg]
  scaling_config:
    description:
      - How many nodes there are. A size that is omitted keeps its value.
      - At creation, omitted sizes are filled up with AWS's own, a minimum of 1, a maximum of 2 and a desired size of
        1, as far as the sizes given allow it.
    type: dict
    suboptions:
      min_size:
        description: The fewest nodes, 0 or more.
        type: int
      max_size:
        description: The most nodes, 1 or more.
        type: int
      desired_size:
        description:
          - The number of nodes, from O(scaling_config.min_size) to O(scaling_config.max_size).
          - Omit it where an autoscaler decides, or each run takes back what it did.
        type: int
  labels:
    description:
      - The Kubernetes labels that EKS puts on the nodes. Labels that are not named are removed, with V({}) all of
        them.
      - Values are texts. A boolean becomes V(true) or V(false), a number is written out.
      - Keys with the prefixes C(kubernetes.io/), C(k8s.io/) and C(eks.amazonaws.com/) are reserved.
    type: dict
  taints:
    description:
      - The Kubernetes taints of the nodes, in any order, 50 at most. Taints that are not listed are removed, with
        V([]) all of them.
      - Key and effect together tell one taint from another.
    type: list
    elements: dict
    suboptions:
      key:
        description: Key of the taint, up to 63 characters.
        type: str
      value:
        description: Value of the taint, up to 63 characters. Omitted, it is empty.
        type: str
      effect:
        description:
          - What happens to pods that do not tolerate it. In Kubernetes these are called NoSchedule and so on.
        type: str
        choices: [NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE]
  update_config:
    description: How nodes are exchanged when O(version), O(release_version) or O(launch_template) changes.
    type: dict
    suboptions:
      max_unavailable:
        description:
          - How many nodes may be out of service at a time, 1 to 100. AWS creates groups with 1.
          - Mutually exclusive with O(update_config.max_unavailable_percentage), which it displaces.
        type: int
      max_unavailable_percentage:
        description:
          - The same as a share of all nodes, 1 to 100.
          - Mutually exclusive with O(update_config.max_unavailable), which it displaces.
        type: int
      update_strategy:
        description:
          - With V(DEFAULT), new nodes are started before old ones are ended. With V(MINIMAL), old ones are ended
            first, for which no further capacity is needed.
        type: str
        choices: [DEFAULT, MINIMAL]
  node_repair_config:
    description: The repair of nodes that the node monitoring agent finds unhealthy.
    type: dict
    suboptions:
      enabled:
        description: Whether EKS repairs nodes. AWS creates groups with V(false).
        type: bool
      max_unhealthy_node_threshold_count:
        description:
          - Repairs stop while more nodes than this are unhealthy.
          - Mutually exclusive with O(node_repair_config.max_unhealthy_node_threshold_percentage), which it displaces.
        type: int
      max_unhealthy_node_threshold_percentage:
        description:
          - The same as a share of all nodes, 1 to 100.
          - Mutually exclusive with O(node_repair_config.max_unhealthy_node_threshold_count), which it displaces.
        type: int
      max_parallel_nodes_repaired_count:
        description:
          - How many nodes are repaired at a time.
          - Mutually exclusive with O(node_repair_config.max_parallel_nodes_repaired_percentage), which it displaces.
        type: int
      max_parallel_nodes_repaired_percentage:
        description:
          - The same as a share of the unhealthy nodes, 1 to 100.
          - Mutually exclusive with O(node_repair_config.max_parallel_nodes_repaired_count), which it displaces.
        type: int
      node_repair_config_overrides:
        description:
          - Other repairs for certain conditions, in any order. AWS wants all four members of each. With V([]) there
            are none.
        type: list
        elements: dict
        suboptions:
          node_monitoring_condition:
            description: The condition that the node monitoring agent reports, such as V(AcceleratedInstanceNotReady).
            type: str
          node_unhealthy_reason:
            description: The reason that it reports, such as V(NvidiaXID13Error).
            type: str
          min_repair_wait_time_mins:
            description: How many minutes pass before the node is repaired, 1 or more.
            type: int
          repair_action:
            description: What is done with the node.
            type: str
            choices: [Replace, Reboot, NoAction]
  warm_pool_config:
    description: Instances that are kept ready beside the group, to become nodes quickly.
    type: dict
    suboptions:
      enabled:
        description: Whether there is a warm pool. With V(false) it is removed.
        type: bool
      min_size:
        description: The fewest instances in the pool. AWS takes 0.
        type: int
      max_group_prepared_capacity:
        description: The most instances of the pool and the group together.
        type: int
      pool_state:
        description:
          - What state the instances are kept in. AWS takes V(STOPPED), which costs no more than their volumes.
          - Bottlerocket does not know V(HIBERNATED), and not all instance types do.
        type: str
        choices: [STOPPED, RUNNING, HIBERNATED]
      reuse_on_scale_in:
        description:
          - Whether nodes that are not needed any more return to the pool. AWS takes V(false). Not with Bottlerocket.
        type: bool
  launch_template:
    description:
      - The EC2 launch template of the nodes. A group keeps the one it was created with, or has none for ever. Its
        version can be changed.
      - It must not name a subnet, an instance profile, Spot requests or hibernation.
      - With an AMI of your own in it, give neither O(ami_type) nor O(version) nor O(release_version). Its user data
        has to join the node to the cluster.
    type: dict
    suboptions:
      id:
        description: Id of the launch template. Give either this or O(launch_template.name).
        type: str
      name:
        description: Name of the launch template. Give either this or O(launch_template.id).
        type: str
      version:
        description:
          - A number, or V($Latest) or V($Default) for the one that this is when the task runs.
          - Omitted at creation, it is the default version. Omitted later, the nodes keep theirs.
        type: str
  version:
    description:
      - The Kubernetes minor version of the nodes, such as V(1.33). Quote it, as YAML takes an unquoted C(1.30) for
        the number 1.3.
      - It can be the cluster's version only, so upgrade the cluster first. The nodes are drained and exchanged.
      - Omitted at creation, it is the cluster's version. Omitted later, the nodes are not upgraded. A step back is
        refused.
    type: str
  release_version:
    description:
      - The release of the AMI, such as V(1.33.5-20251120).
      - Omitted at creation, or when O(version) changes, it is the latest one. Omitted otherwise, the nodes keep
        theirs.
    type: str
  force:
    description:
      - Whether nodes are exchanged even though a pod disruption budget forbids to drain them. Without it, such an
        update fails with C(PodEvictionFailure).
      - It has no effect on anything else.
    type: bool
  replacement:
    description:
      - How O(replace=true) goes about it.
      - With V(delete_first), the group is deleted and created again under its name. In between, its pods have to find
        room elsewhere.
      - With V(create_first), the new group stands before the old one goes. It has another name, that of the group
        with a hyphen and eight hexadecimal digits, and the tag C(flotilla.eks/generation-of) with the group's own
        name.
      - Keep V(create_first) in the task from then on. With it, O(name) means the youngest group of this descent, and
        O(state=absent) removes them all. Names may have 54 characters then.
    type: str
    choices: [delete_first, create_first]
    default: delete_first
  wait_timeout:
    default: 3600
notes:
  - A group that ended as V(CREATE_FAILED) can only be deleted. The task fails with the reasons, unless
    O(replace=true).
  - A playbook written for C(community.aws.eks_nodegroup) needs another module name only. What differs is that the
    module waits unless told otherwise, that omitted options are left alone instead of being reset, that keys of tags
    and labels are returned as they are, and that what differs is changed instead of refused or passed over.
seealso:
  - module: flotilla.eks.nodegroup_info
  - module: flotilla.eks.cluster
  - module: flotilla.eks.fargate_profile
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

- name: On-demand nodes with Amazon Linux 2023
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    node_role: arn:aws:iam::123456789012:role/eks-node
    subnets:
      - subnet-0a1b2c3d4e5f60001
      - subnet-0a1b2c3d4e5f60002
    ami_type: AL2023_x86_64_STANDARD
    instance_types: [m6i.large]
    scaling_config:
      min_size: 2
      max_size: 4
      desired_size: 2
    labels:
      tier: web
    tags:
      Team: platform

- name: What would more nodes and another label change?
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    scaling_config:
      desired_size: 3
    labels:
      tier: web
      stage: production
  check_mode: true
  diff: true

- name: Room for more nodes, whose number an autoscaler decides
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    scaling_config:
      max_size: 10

- name: Labels and a taint, instead of those that are there
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    labels:
      tier: web
      stage: production
    taints:
      - key: dedicated
        value: web
        effect: NO_SCHEDULE

- name: No taints any more
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    taints: []

- name: A quarter of the nodes at a time, and unhealthy ones repaired
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    update_config:
      max_unavailable_percentage: 25
    node_repair_config:
      enabled: true
      max_parallel_nodes_repaired_count: 1
      node_repair_config_overrides:
        - node_monitoring_condition: AcceleratedInstanceNotReady
          node_unhealthy_reason: NvidiaXID13Error
          min_repair_wait_time_mins: 10
          repair_action: Reboot

- name: Two stopped instances in reserve
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    warm_pool_config:
      enabled: true
      min_size: 2
      pool_state: STOPPED

- name: Spot nodes with Bottlerocket, for pods that tolerate them
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: batch
    node_role: arn:aws:iam::123456789012:role/eks-node
    subnets:
      - subnet-0a1b2c3d4e5f60001
      - subnet-0a1b2c3d4e5f60002
    ami_type: BOTTLEROCKET_x86_64
    capacity_type: SPOT
    instance_types: [m6i.large, m5.large, m5a.large]
    scaling_config:
      min_size: 0
      max_size: 20
      desired_size: 0
    taints:
      - key: interruptible
        value: "true"
        effect: NO_EXECUTE

- name: Nodes from a launch template
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: large-disks
    node_role: arn:aws:iam::123456789012:role/eks-node
    subnets:
      - subnet-0a1b2c3d4e5f60001
      - subnet-0a1b2c3d4e5f60002
    ami_type: AL2023_x86_64_STANDARD
    launch_template:
      name: eks-nodes
      version: "1"

- name: Exchange them for nodes from its latest version, whatever budgets say
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: large-disks
    launch_template:
      name: eks-nodes
      version: $Latest
    force: true

- name: The next Kubernetes version, first for the cluster
  flotilla.eks.cluster:
    name: prod
    version: "1.35"

- name: Then for the nodes
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    version: "1.35"

- name: Larger instances, which takes another group, up before the old one goes
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    node_role: arn:aws:iam::123456789012:role/eks-node
    subnets:
      - subnet-0a1b2c3d4e5f60001
      - subnet-0a1b2c3d4e5f60002
    ami_type: AL2023_x86_64_STANDARD
    instance_types: [m6i.2xlarge]
    scaling_config:
      min_size: 2
      max_size: 10
      desired_size: 2
    replace: true
    replacement: create_first

- name: Delete it, whatever generation it is
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: web
    replacement: create_first
    state: absent

- name: Delete groups side by side, without waiting for the end
  flotilla.eks.nodegroup:
    cluster_name: prod
    name: "{{ item }}"
    state: absent
    wait: false
  loop: [batch, large-disks]
"""

RETURN = r"""
---
nodegroup_name:
  description: Name of the node group.
  returned: if the node group exists afterwards
  type: str
  sample: web
nodegroup_arn:
  description: ARN of the node group.
  returned: if the node group exists afterwards
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:nodegroup/prod/web/0ac1b2d3-4e5f-6071-8293-a4b5c6d7e8f9
cluster_name:
  description: Name of its cluster.
  returned: if the node group exists afterwards
  type: str
  sample: prod
status:
  description:
    - State of the node group, V(CREATING), V(ACTIVE), V(UPDATING), V(DELETING), V(CREATE_FAILED),
      V(DELETE_FAILED) or V(DEGRADED).
  returned: if the node group exists afterwards
  type: str
  sample: ACTIVE
created_at:
  description: When it was created, in ISO 8601.
  returned: if the node group exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
modified_at:
  description: When it was last changed, in ISO 8601.
  returned: if the node group exists afterwards
  type: str
  sample: "2026-03-02T08:19:04.500000+00:00"
version:
  description: Kubernetes minor version of the nodes.
  returned: if the node group exists afterwards
  type: str
  sample: "1.33"
release_version:
  description: Release of the AMI that EKS gave the nodes, or the id of your own AMI from the launch template.
  returned: if the node group exists afterwards
  type: str
  sample: 1.33.5-20251120
ami_type:
  description: Kind of AMI, V(CUSTOM) for your own.
  returned: if the node group exists afterwards
  type: str
  sample: AL2023_x86_64_STANDARD
capacity_type:
  description: How the nodes are bought.
  returned: if the node group exists afterwards
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
  returned: if the node group exists afterwards
  type: str
  sample: arn:aws:iam::123456789012:role/eks-node
subnets:
  description: Ids of the subnets in which nodes are started.
  returned: if the node group exists afterwards
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
  returned: if the node group exists afterwards
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
  returned: if the node group exists afterwards
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
  returned: if the node group exists afterwards
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
  returned: if the node group exists afterwards
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
  returned: if the node group exists afterwards
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
  returned: if the node group exists afterwards
  type: dict
  sample:
    Team: platform
nodegroup:
  description: The values above once more, where community.aws has them after a creation.
  returned: if the node group exists afterwards
  type: dict
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
      operation: UpdateNodegroupConfig
      fields: [scaling_config.max_size]
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.nodegroup import NODEGROUP


def main() -> None:
    run(NODEGROUP)


if __name__ == "__main__":
    main()
