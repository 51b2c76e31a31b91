#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: roll
version_added: 0.1.0
short_description: Replace and remove self-managed nodes of an EKS cluster, drained
description:
  - Brings the instances of Auto Scaling groups to what the groups launch now, and to the sizes that they shall have.
    What is outdated is replaced, what is too much is removed, and each node is drained before its instance is
    terminated. M(flotilla.eks.self_managed_nodegroups) says what the groups launch; this module makes it so.
  - An instance is outdated if what its version of the launch template says differs from what the group's version says,
    if its AMI or its type is not the group's, or if it is of another template or of none. A version that differs in its
    number alone does not make it so. A template that names an SSM parameter for its AMI is compared by what the
    parameter names now.
  - New instances are launched first (O(max_surge)). Once they are Ready nodes, the outdated nodes are cordoned, all of
    them, so that no pod moves twice, and drained and terminated batch by batch. There are never fewer Ready nodes than
    the desired size, less O(max_unavailable). Pods leave as disruption budgets allow.
  - Exactly the drained instances are terminated; Auto Scaling never chooses. Meanwhile its processes AZRebalance,
    AlarmNotification, InstanceRefresh and ScheduledActions are suspended, which would terminate or resize undrained.
    Zones that were evenly filled are so in the end, so that AZRebalance finds nothing to do.
  - It stops at the first sign of ill health, such as a launch that fails, a new instance that is no Ready node in time,
    a node that was Ready and is not any more, or a disruption budget that lets a pod not go. Then nodes take pods again
    that did before, new instances without pods are terminated, and sizes and processes are as before, as far as no pod
    is lost by it. The error says why it stopped, and what stands.
  - A run that was killed at any moment is finished by the next one. What it has to know is in the tag
    C(flotilla.eks/roll) of the Auto Scaling group, and in the annotation of that name on nodes that a roll has
    cordoned. Both are gone in the end.
  - Scale-in protection keeps Auto Scaling from choosing an instance, and does not keep an instance from being replaced
    here. Of those that are too many, the protected ones go last. Instances on Standby, and Nodes without an instance,
    are left alone and told in RV(left_alone).
  - Outdated instances of a warm pool are terminated, and the pool makes new ones.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description: Name of the EKS cluster.
    type: str
    required: true
  cluster:
    description:
      - The cluster as M(flotilla.eks.cluster) returned it. Spares the call of DescribeCluster. If there is no
        C(endpoint) in it, the cluster is described.
    type: dict
  role_arn:
    description: ARN of an IAM role to assume for the Kubernetes API.
    type: str
  groups:
    description:
      - What is rolled, one after the other. Without it, all Auto Scaling groups of the cluster's self-managed node
        groups, which the tag C(flotilla.eks/cluster) tells.
      - In check mode, a group that does not exist is told in RV(not_found), as an earlier task may be the one that
        makes it.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of a self-managed node group, which means all its Auto Scaling groups, or of an Auto Scaling group. One
            that is not of such a node group has to carry the tag C(kubernetes.io/cluster/NAME) with V(owned).
        type: str
        required: true
      min_size:
        description: The minimum size to end with, of each of its Auto Scaling groups. Without it, the one it has.
        type: int
      desired_size:
        description:
          - The desired size to end with, of each of its Auto Scaling groups. Where it is smaller than now, nodes are
            removed. V(0) empties the group.
          - Of nodes, one goes first that is outdated, then one that has not joined or is not Ready, then one of the
            zone that has the most, then the oldest.
          - Without it, the one that it has. If an autoscaler sets another one during the roll, that one counts.
        type: int
        aliases: [desired_capacity]
      max_size:
        description: The maximum size to end with, of each of its Auto Scaling groups. Without it, the one it has.
        type: int
  replace:
    description:
      - Which instances are replaced, those that are V(outdated), V(all) that there are when the roll begins, or V(none)
        but those in O(instance_ids).
    type: str
    choices: [outdated, all, none]
    default: outdated
  instance_ids:
    description:
      - Instances that are replaced whatever they are, say because their nodes are sick. One that is in no group has
        been replaced already.
    type: list
    elements: str
    default: []
  max_surge:
    description:
      - How many instances there may be above the desired size, a number or a percentage such as V(25%), which is
        rounded up. The maximum size is raised for as long as that takes.
      - With O(max_unavailable), it is also how many nodes are drained at a time.
    type: str
    default: "1"
  max_unavailable:
    description:
      - How many Ready nodes fewer than the desired size there may be, a number or a percentage, which is rounded down.
        With V(max_surge=0), nodes are replaced in place; no node is then cordoned before it is drained.
    type: str
    default: "0"
  ready_timeout:
    description:
      - How long new instances may take to become Ready nodes, and terminated ones to be gone, in seconds, before the
        roll stops.
    type: int
    default: 900
  drain_timeout:
    description: How long the pods of a batch may take to go, in seconds, before the roll stops.
    type: int
    default: 900
  wait_delay:
    description: Longest time between two looks, in seconds. The first ones follow sooner.
    type: int
    default: 5
  show_progress:
    description:
      - Whether to show lines such as C(prod  roll/prod-web  cordon i-0a1b2c3d4e5f60718  1m40s) while the task runs, one
        for each step, and else every 15 seconds.
      - They are shown if the task runs on the control node, which a cluster's host usually does.
    type: bool
    default: true
  progress_path:
    description:
      - A file to which the lines of progress are appended. They are then not shown.
    type: path
attributes:
  check_mode:
    support: full
    description: Tells which instances would go, why, and in which order. Calls no operation that writes.
  diff_mode:
    support: full
    description: Shows the instances that go, each with why, and the sizes that change.
  idempotent:
    support: partial
    description:
      - The same task again changes nothing, but with V(replace=all), which replaces all each time.
seealso:
  - module: flotilla.eks.self_managed_nodegroups
  - module: flotilla.eks.drain
  - module: flotilla.eks.nodes_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
  - flotilla.eks.attributes
  - flotilla.eks.retries
  - flotilla.eks.evicting
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: Which nodes would be replaced, and why
  flotilla.eks.roll:
    cluster_name: prod
  check_mode: true
  register: plan

- name: Replace a sick node
  flotilla.eks.roll:
    cluster_name: prod
    replace: none
    instance_ids: [i-0a1b2c3d4e5f60718]

- name: Patch all self-managed nodes, a quarter of a group at a time
  flotilla.eks.roll:
    cluster_name: prod
    max_surge: 25%
    delete_emptydir_data: true

- name: Scale in
  flotilla.eks.roll:
    cluster_name: prod
    groups:
      - name: web
        min_size: 1
        desired_size: 1

- name: Empty the last group of a cluster before it is removed
  flotilla.eks.roll:
    cluster_name: prod
    replace: none
    disable_eviction: true
    groups:
      - name: web
        min_size: 0
        desired_size: 0
"""

RETURN = r"""
---
plan:
  description: The instances that were to go when the task began, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    nodegroup:
      description: Name of the self-managed node group; none if the Auto Scaling group is of none.
      type: str
      sample: web
    scaling_group:
      description: Name of the Auto Scaling group.
      type: str
      sample: prod-web
    instance_id:
      description: The instance.
      type: str
      sample: i-0a1b2c3d4e5f60718
    node:
      description: Name of the node that it has become; none if it has not joined the cluster.
      type: str
      sample: ip-10-0-1-17.eu-central-1.compute.internal
    zone:
      description: The availability zone.
      type: str
      sample: eu-central-1a
    lifecycle_state:
      description: Its state in the Auto Scaling group.
      type: str
      sample: InService
    ready:
      description: Whether it is a Ready node.
      type: bool
    action:
      description: Whether it is replaced by another one (V(replace)), or there is one fewer then (V(remove)).
      type: str
      sample: replace
    reasons:
      description: Why it goes.
      type: list
      elements: str
      sample: ["AMI: ami-0a1b2c3d4e5f60718 -> ami-0f1e2d3c4b5a69788", user data]
    batch:
      description: The number of the batch in which it goes, from 1 in each group.
      type: int
      sample: 1
groups:
  description: The Auto Scaling groups.
  returned: success
  type: list
  elements: dict
  contains:
    nodegroup:
      description: Name of the self-managed node group; none if the Auto Scaling group is of none.
      type: str
      sample: web
    scaling_group:
      description: Name of the Auto Scaling group.
      type: str
      sample: prod-web
    before:
      description: Its C(min_size), C(desired_size) and C(max_size) when the task began.
      type: dict
      sample: {min_size: 1, desired_size: 3, max_size: 3}
    after:
      description: The sizes to end with.
      type: dict
      sample: {min_size: 1, desired_size: 3, max_size: 3}
    interrupted:
      description: Whether another run has begun to roll it, and has not come to its end.
      type: bool
    steps:
      description: What there was to do, if all goes well.
      type: list
      elements: str
      sample: ["resize: desired 3 -> 4, max 3 -> 4"]
replaced:
  description: The instances that were terminated and replaced, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [i-0a1b2c3d4e5f60718]
removed:
  description: The instances that were terminated and not replaced, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [i-0b2c3d4e5f6071829]
launched:
  description: The instances that came while the task ran.
  returned: success
  type: list
  elements: str
  sample: [i-0c3d4e5f607182930]
evicted:
  description: The pods that were moved.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the pod.
      type: str
      sample: shop
    name:
      description: Name of the pod.
      type: str
      sample: web-6b7f6d8b9c-x2x7k
    node:
      description: Name of the node that it was on.
      type: str
      sample: ip-10-0-1-17.eu-central-1.compute.internal
left_alone:
  description: What is not touched, though it looks as if it were of a group.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The instance, or the Node.
      type: str
      sample: i-0d4e5f60718293041
    reason:
      description: Why it is left alone.
      type: str
      sample: it is Standby in Auto Scaling group prod-web
not_found:
  description: The names in O(groups) that nothing has. Only in check mode; else they are an error.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.flotilla.eks.plugins.module_utils._roll.entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
