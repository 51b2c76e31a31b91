#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: self_managed_nodegroups
version_added: 0.1.0
short_description: Launch templates and Auto Scaling groups of self-managed Amazon EKS nodes
description:
  - Keeps, for each self-managed node group of a cluster, a launch template and the Auto Scaling groups that launch
    from it. All are read with as few calls as the APIs allow, planned as one, and changed side by side.
  - It ends no instance, and lowers no desired capacity. Instances that are outdated or too many are counted in the
    result, for a roll that drains them first.
  - Every member that C(LaunchTemplateData) of EC2 and the requests of EC2 Auto Scaling have, as far as the botocore
    in use knows them, is an option, with its name in snake_case. An option that does not exist is an error with its
    place and the options that there are.
  - Launch template and, where there is but one, Auto Scaling group are called C(CLUSTER-NODEGROUP). All carry the
    tags C(flotilla.eks/cluster) and C(flotilla.eks/nodegroup). What has such a name and lacks the tags is never
    touched, but an error. To hand it over to this module, set the tags.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description: Name of the cluster. It is not asked for, and need not exist yet.
    type: str
    required: true
  groups:
    description: The node groups. Which of them are not listed here are left alone, unless O(prune).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the node group.
        type: str
        required: true
      state:
        description:
          - With V(absent), its Auto Scaling groups are deleted, and then its launch template, as long as no instance
            is left in them. One that is there is an error, before anything is touched. Bring the group to size 0 by a
            roll first, which drains the nodes.
        type: str
        choices: [present, absent]
        default: present
      launch_template:
        description:
          - The data of the launch template, as C(CreateLaunchTemplateVersion) takes them, such as C(image_id),
            C(instance_type), C(iam_instance_profile), C(security_group_ids), C(block_device_mappings),
            C(metadata_options), C(network_interfaces), C(placement), C(tag_specifications).
          - C(user_data) is plain text here. As it may hold secrets, it is in no result and in no log, and in a diff
            only with O(show_user_data).
          - It is whole. What it does not say, the new version does not have either. A version that says the same is
            used again, even an old one; else one is made. The one in use becomes the default version.
          - Required to create the node group. Omitted later, the default version stays in use.
        type: dict
      scaling_groups:
        description:
          - Its Auto Scaling groups. At least one is required to create the node group. One that is not listed any
            more is left alone, unless O(prune).
          - C(name) is C(CLUSTER-NODEGROUP), if not given. C(subnets) is a list in any order, from which the
            availability zones follow. C(subnets), C(min_size) and C(max_size) are required to create it.
          - What else C(CreateAutoScalingGroup) takes are options too, such as C(target_group_arns),
            C(capacity_rebalance), C(termination_policies), C(health_check_type), C(default_instance_warmup),
            C(max_instance_lifetime). Omitted, they are left alone.
          - It launches the version of the launch template in use, by its number. Instances of earlier versions stay.
          - C(desired_capacity), omitted, is left to autoscalers. One that is smaller than now, and a C(max_size)
            below what is desired now, wait for a roll, as the result tells in C(surplus) and C(pending). While a roll
            is under way, as the tag C(flotilla.eks/roll) says, all sizes wait.
          - C(mixed_instances_policy) is that of the API, without C(launch_template_specification), which is the
            launch template of the node group. With V({}), there is none any more.
          - C(warm_pool) is what C(PutWarmPool) takes. With V({}), it is deleted with the instances that wait in it.
          - C(lifecycle_hooks) are what C(PutLifecycleHook) takes. They are there before the first instance. Those
            that are not listed are deleted.
          - C(scaling_policies) are what C(PutScalingPolicy) takes. Their C(policy_type) is V(TargetTrackingScaling),
            if not given. Those that are not listed are deleted.
          - C(tags) are handed on to instances, C(group_tags) are not, such as those for the cluster autoscaler.
            C(Name), C(kubernetes.io/cluster/CLUSTER) and the two that say to which node group it belongs are there
            without being given. Other tags are left alone, unless C(purge_tags) is V(true).
        type: list
        elements: dict
      tags:
        description: Tags of the launch template itself. Others are left alone.
        type: dict
  prune:
    description:
      - Whether what carries the tags of the cluster and is not listed is removed, as with C(state=absent). That
        concerns whole node groups, and Auto Scaling groups of a listed one.
    type: bool
    default: false
  show_user_data:
    description: Show in a diff how the text of user data changes, and not only that its checksum does.
    type: bool
    default: false
  parallel:
    description: How many calls of AWS may be under way at a time.
    type: int
    default: 8
  wait:
    description:
      - Whether to wait until each Auto Scaling group has as many instances in service as it wants. If AWS says that
        it cannot launch one, say for want of addresses or capacity, the task fails at once with the reason.
      - That instances are in service does not mean that they are nodes yet. M(flotilla.eks.nodes_info) waits for
        these.
      - With V(false), still awaited is the end of what is deleted.
    type: bool
    default: true
  wait_timeout:
    description: The longest time that one wait may take, in seconds.
    type: int
    default: 900
  wait_delay:
    description: The longest pause between two looks, in seconds. The first ones follow each other faster.
    type: int
    default: 15
attributes:
  diff_mode:
    support: full
    description: Shows the fields that change, each before and after, and no others; user data as a checksum.
seealso:
  - module: flotilla.eks.self_managed_nodegroups_info
  - module: flotilla.eks.nodes_info
  - module: flotilla.eks.nodegroup
    description: Managed node groups leave replacing nodes to EKS.
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

- name: Plan a node group
  flotilla.eks.self_managed_nodegroups: &web
    cluster_name: prod
    groups:
      - name: web
        launch_template:
          image_id: ami-0a1b2c3d4e5f60718
          instance_type: m7i.large
          iam_instance_profile:
            name: eks-node
          security_group_ids: [sg-0a1b2c3d4e5f60718]
          metadata_options:
            http_tokens: required
            http_put_response_hop_limit: 1
          block_device_mappings:
            - device_name: /dev/xvda
              ebs:
                volume_size: 80
                volume_type: gp3
                encrypted: true
          user_data: "{{ cluster | flotilla.eks.node_user_data(labels={'tier': 'web'}) }}"
        scaling_groups:
          - subnets: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
            min_size: 1
            max_size: 4
            group_tags:
              k8s.io/cluster-autoscaler/enabled: "true"
              k8s.io/cluster-autoscaler/prod: owned
  check_mode: true
  diff: true

- name: Make it
  flotilla.eks.self_managed_nodegroups: *web

- name: A node group on spot instances of several types, in a group of its own for each zone
  flotilla.eks.self_managed_nodegroups:
    cluster_name: prod
    groups:
      - name: batch
        launch_template:
          image_id: ami-0a1b2c3d4e5f60718
          instance_type: m7i.large
          iam_instance_profile:
            name: eks-node
        scaling_groups:
          - name: prod-batch-a
            subnets: [subnet-0a1b2c3d4e5f60001]
            min_size: 0
            max_size: 20
            capacity_rebalance: true
            mixed_instances_policy: &spot
              instances_distribution:
                on_demand_percentage_above_base_capacity: 0
                spot_allocation_strategy: price-capacity-optimized
              launch_template:
                overrides:
                  - instance_type: m7i.large
                  - instance_type: m6i.large
          - name: prod-batch-b
            subnets: [subnet-0a1b2c3d4e5f60002]
            min_size: 0
            max_size: 20
            capacity_rebalance: true
            mixed_instances_policy: *spot

- name: Remove it again, as no instance is in it
  flotilla.eks.self_managed_nodegroups:
    cluster_name: prod
    groups:
      - name: batch
        state: absent
"""

RETURN = r"""
---
changes:
  description: The calls that were made, or in check mode would be, in their order for each node group.
  returned: always
  type: list
  elements: dict
  contains:
    nodegroup:
      description: Name of the node group.
      type: str
      sample: web
    resource:
      description: What was changed.
      type: str
      sample: Auto Scaling group prod-web
    action:
      description: V(create), V(update), V(delete), V(tag) or V(untag).
      type: str
      sample: update
    operation:
      description: The operation of EC2 or EC2 Auto Scaling.
      type: str
      sample: UpdateAutoScalingGroup
    fields:
      description: The options that differed.
      type: list
      elements: str
      sample: [launch_template.version, max_size]
nodegroups:
  description: The node groups as they are afterwards, or in check mode before.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node group.
      type: str
      sample: web
    launch_template:
      description: Its launch template, if there is one.
      type: dict
      contains:
        id:
          description: Its id.
          type: str
          sample: lt-0a1b2c3d4e5f60718
        name:
          description: Its name.
          type: str
          sample: prod-web
        version:
          description: Number of its default version, which is the one in use.
          type: str
          sample: "3"
        user_data_hash:
          description: Checksum of the user data in that version, if there is some.
          type: str
          sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    scaling_groups:
      description: Its Auto Scaling groups, by name.
      type: list
      elements: dict
      contains:
        name:
          description: Its name.
          type: str
          sample: prod-web
        arn:
          description: Its ARN.
          type: str
        launch_template_version:
          description: Number of the version of the launch template that it launches.
          type: str
          sample: "3"
        min_size:
          description: The least instances that it has.
          type: int
          sample: 1
        max_size:
          description: The most.
          type: int
          sample: 4
        desired_capacity:
          description: How many it wants just now.
          type: int
          sample: 2
        instances:
          description: How many instances are in it, in whatever state.
          type: int
          sample: 2
        in_service:
          description: How many of them are in service.
          type: int
          sample: 2
        outdated:
          description: How many were launched from another version.
          type: int
          sample: 1
        surplus:
          description: How many are more than wanted, to be drained and removed by a roll. Only for what is listed.
          type: int
          sample: 0
        pending:
          description: The sizes that wait for a roll. Only for what is listed.
          type: dict
          sample:
            max_size: 1
        rolling:
          description: Whether a roll is under way.
          type: bool
          sample: false
diff:
  description: What changes, before and after, one entry for each thing.
  returned: in diff mode
  type: list
  elements: dict
  contains:
    before_header:
      description: What it is.
      type: str
      sample: Auto Scaling group prod-web of node group web
    after_header:
      description: The same.
      type: str
      sample: Auto Scaling group prod-web of node group web
    before:
      description: The fields that change, as they were; of user data that is shown, its text.
      type: raw
    after:
      description: The fields as they become.
      type: raw
"""

from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
