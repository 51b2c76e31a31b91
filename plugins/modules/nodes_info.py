#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nodes_info
version_added: 0.1.0
short_description: All nodes of an Amazon EKS cluster, whatever their kind, in one view
description:
  - Joins what Kubernetes says of a cluster's nodes with what EC2, Auto Scaling, EKS and Systems Manager say, and tells
    where they disagree.
  - An instance that should be a node and is none, the most common fault of all, is reported with the status
    V(not_joined) and a command that shows what it said while it booted. M(flotilla.eks.join_diagnosis) tells why.
  - One list of each source, however many nodes there are. It asks the Kubernetes API by itself, as the caller of the
    task. Neither C(kubectl) nor the AWS CLI nor a kubeconfig file is needed.
  - The caller needs an access entry with a policy such as V(AmazonEKSAdminViewPolicy), and the actions
    C(eks:DescribeCluster), C(eks:ListNodegroups), C(eks:ListFargateProfiles), C(ec2:DescribeInstances) and
    C(autoscaling:DescribeAutoScalingGroups); for a cluster with remote networks C(ssm:DescribeInstanceInformation) too.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description:
      - Name of the cluster. It has to be V(ACTIVE), or V(UPDATING).
      - In check mode, a cluster that is not there yet has no nodes, so playbooks that would make it can be checked.
    type: str
    required: true
  kinds:
    description: The kinds of node to tell of. Omitted, all.
    type: list
    elements: str
    choices:
      - managed
      - self_managed
      - auto
      - fargate
      - hybrid
  groups:
    description:
      - The groups to tell of, by what RV(nodes[].group) holds. Omitted, all.
    type: list
    elements: str
  label_selectors:
    description:
      - Label selectors of Kubernetes, such as V(tier=web), V(tier in (web, api\)) or V(!gpu), all of which must choose
        a node to have it told of. They cost one call more.
      - Only nodes have labels. An instance that has not joined is not chosen by any selector.
    type: list
    elements: str
  required:
    version_added: 0.5.0
    description: Whether it fails where there is no such cluster. Otherwise it finds no nodes there.
    type: bool
    default: true
  wait_for:
    description:
      - Waits until the nodes that are told of are as said here, and fails if they are not when O(wait_timeout) is over,
        with the names of those that are missing and why. An empty dictionary waits for all of them to be ready.
      - All means every node and instance, and as many as the Auto Scaling groups want. It also means at least one of
        each group that O(groups) names.
      - In check mode nothing is waited for.
    type: dict
    suboptions:
      ready:
        description: How many have to be ready. Omitted, all.
        type: int
      version:
        description:
          - The Kubernetes version that all that are ready have to be at, such as V(1.33), or the version of the kubelet
            in full, such as V(v1.33.4-eks-99d6cc0).
        type: str
  wait_timeout:
    description: How long to wait for O(wait_for), in seconds.
    type: int
    default: 900
  wait_delay:
    description: Longest time between two looks, in seconds. The first ones follow sooner.
    type: int
    default: 15
seealso:
  - module: flotilla.eks.join_diagnosis
  - module: flotilla.eks.nodegroup_info
  - module: flotilla.eks.access_entry
  - plugin: flotilla.eks.nodes
    plugin_type: inventory
    description: The same view as an inventory.
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

- name: All nodes of a cluster
  flotilla.eks.nodes_info:
    cluster_name: prod
  register: fleet

- name: Those that are not ready, and why
  ansible.builtin.debug:
    msg: "{{ fleet.nodes | rejectattr('ready') | items2dict(key_name='name', value_name='reason') }}"

- name: Where Kubernetes and AWS disagree
  ansible.builtin.debug:
    msg: "{{ fleet.nodes | selectattr('disagreements') | items2dict(key_name='name', value_name='disagreements') }}"

- name: Wait until every node is ready
  flotilla.eks.nodes_info:
    cluster_name: prod
    wait_for: {}

- name: Wait until the node groups of the shop are through with their upgrade
  flotilla.eks.nodes_info:
    cluster_name: prod
    groups: [web, api]
    wait_for:
      version: "1.33"
    wait_timeout: 3600

- name: Wait for three nodes with a GPU
  flotilla.eks.nodes_info:
    cluster_name: prod
    label_selectors:
      - accelerator=nvidia
    wait_for:
      ready: 3
"""

RETURN = r"""
---
nodes:
  description: The nodes, and the instances that should be nodes, by kind, group and name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node; of what has not joined, the id of the instance.
      type: str
      sample: ip-10-0-1-23.eu-central-1.compute.internal
    kind:
      description:
        - V(managed) by a node group of EKS, V(self_managed) in EC2, V(auto) by EKS Auto Mode, V(fargate), or V(hybrid),
          which is on premises.
      type: str
      sample: managed
    group:
      description:
        - What the node belongs to. The name of the node group, of the Auto Scaling group of a self-managed node, of the
          node pool of EKS Auto Mode or Karpenter, or of the Fargate profile.
      type: str
      sample: web
    status:
      description: V(ready), V(not_ready) or V(not_joined).
      type: str
      sample: ready
    ready:
      description: Whether the node is ready.
      type: bool
      sample: true
    reason:
      description: Why it is not ready, if it is not, as its kubelet or the cluster says.
      type: str
      sample: "KubeletNotReady: container runtime network not ready"
    console_hint:
      description: For an instance that has not joined, a command that shows what it said while it booted.
      type: str
      sample: aws ec2 get-console-output --region eu-central-1 --instance-id i-0a1b2c3d4e5f60718 --latest --output text
    instance_id:
      description: Id of the EC2 instance, or of the managed instance (C(mi-...\)) of Systems Manager.
      type: str
      sample: i-0a1b2c3d4e5f60718
    provider_id:
      description: What Kubernetes calls the machine.
      type: str
      sample: aws:///eu-central-1a/i-0a1b2c3d4e5f60718
    version:
      description: Kubernetes version of the node, as EKS writes versions.
      type: str
      sample: "1.33"
    kubelet_version:
      description: Version of its kubelet in full.
      type: str
      sample: v1.33.4-eks-99d6cc0
    created:
      description: When the node joined, or the instance was launched, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30Z"
    age:
      description: Seconds since then.
      type: int
      sample: 86400
    zone:
      description: Availability zone.
      type: str
      sample: eu-central-1a
    instance_type:
      description: Instance type of EC2.
      type: str
      sample: m7i.large
    addresses:
      description: The first address of each type that is known.
      type: dict
      contains:
        internal_ip:
          description: Address inside the VPC, or on premises.
          type: str
          sample: 10.0.1.23
        internal_dns:
          description: Its name.
          type: str
          sample: ip-10-0-1-23.eu-central-1.compute.internal
        external_ip:
          description: Public address.
          type: str
          sample: 203.0.113.17
        external_dns:
          description: Its name.
          type: str
        hostname:
          description: What the machine calls itself.
          type: str
          sample: ip-10-0-1-23.eu-central-1.compute.internal
    labels:
      description: Labels of the node, with keys as they are.
      type: dict
      sample:
        eks.amazonaws.com/nodegroup: web
    taints:
      description: Taints of the node, as Kubernetes writes them.
      type: list
      elements: dict
      sample:
        - key: workload
          value: batch
          effect: NoSchedule
    unschedulable:
      description: Whether the node is cordoned.
      type: bool
      sample: false
    sources:
      description:
        - What each source says that should know the node, among C(kubernetes), C(ec2), C(autoscaling), C(ssm) and
          C(eks). Each has those of C(state), C(group), C(zone) and C(instance_type) that it should know, in its own
          words, and C(null) for what it does not.
      type: dict
      sample:
        kubernetes: {state: Ready, group: web, zone: eu-central-1a, instance_type: m7i.large}
        ec2: {state: running, group: web, zone: eu-central-1a, instance_type: m7i.large}
        autoscaling: {state: InService, group: web, zone: eu-central-1a, instance_type: m7i.large}
        eks: {group: web}
    disagreements:
      description: The facts about which sources say different things; the node is well in one and not in another, say.
      type: list
      elements: dict
      contains:
        about:
          description: V(state), V(group), V(zone) or V(instance_type).
          type: str
          sample: state
        says:
          description: What each source says about it.
          type: dict
          sample: {kubernetes: null, ec2: running, autoscaling: InService}
groups:
  description: The groups that a source knows of or a node is in, those without nodes too.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: As RV(nodes[].kind).
      type: str
      sample: managed
    group:
      description: Name of the group.
      type: str
      sample: web
    desired:
      description: How many instances its Auto Scaling groups want; none, if it has none.
      type: int
      sample: 3
    nodes:
      description: How many nodes there are, with the instances that have not joined.
      type: int
      sample: 3
    ready:
      description: How many are ready.
      type: int
      sample: 2
    not_ready:
      description: How many are not ready.
      type: int
      sample: 0
    not_joined:
      description: How many have not joined.
      type: int
      sample: 1
summary:
  description: How many nodes there are in RV(nodes), of each status and of each kind.
  returned: always
  type: dict
  contains:
    nodes:
      description: All.
      type: int
      sample: 3
    ready:
      description: How many are ready.
      type: int
      sample: 2
    not_ready:
      description: How many are not ready.
      type: int
      sample: 0
    not_joined:
      description: How many have not joined.
      type: int
      sample: 1
    kinds:
      description: The same numbers for each kind that there is a node of.
      type: dict
      sample:
        managed: {nodes: 3, ready: 2, not_ready: 0, not_joined: 1}
"""

from ansible_collections.flotilla.eks.plugins.module_utils._nodes.info import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
