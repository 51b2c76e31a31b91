#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: join_diagnosis
version_added: 0.1.0
short_description: Why instances did not become nodes of an Amazon EKS cluster
description:
  - Answers why an instance that should be a node, managed or self-managed, has not joined its cluster, or has joined
    and is not ready, and why an Auto Scaling group has fewer instances than it wants.
  - Compares what is there with what a node needs. It looks at instance, instance profile, role and its policies, access
    entry or ConfigMap C(aws-auth), AMI and its Kubernetes version, user data against the live cluster, security groups,
    network ACLs, routes, VPC endpoints, the modes of the cluster's endpoint, DNS of the VPC, free addresses, maximum of
    pods, tags, what the instance says on its console, and the conditions of its node.
  - Each finding says what is wrong, by which evidence, and what to do. The likely root cause comes first, that is what
    blocks before what is suspicious, and before that what the console speaks for.
  - Everything is listed once, side by side, however many instances there are. User data are read once for each version
    of a launch template. Consoles, and the user data of instances without a launch template, are read of five
    instances, of as many sorts as there are, or of all that O(instance_ids) names. RV(not_looked_at) names the others.
  - What the caller may not read is told in RV(unchecked) with the action that is missing, and is no error. Needed are
    C(eks:DescribeCluster), C(eks:ListNodegroups), C(eks:ListFargateProfiles), C(ec2:DescribeInstances) and
    C(autoscaling:DescribeAutoScalingGroups). Further it reads with C(autoscaling:DescribeScalingActivities),
    C(ec2:DescribeImages), C(ec2:DescribeInstanceAttribute), C(ec2:DescribeInstanceStatus),
    C(ec2:DescribeInstanceTypes), C(ec2:DescribeLaunchTemplateVersions), C(ec2:DescribeNatGateways),
    C(ec2:DescribeNetworkAcls), C(ec2:DescribeRouteTables), C(ec2:DescribeSecurityGroups), C(ec2:DescribeSubnets),
    C(ec2:DescribeVpcAttribute), C(ec2:DescribeVpcEndpoints), C(ec2:GetConsoleOutput), C(eks:DescribeAccessEntry),
    C(eks:DescribeNodegroup), C(eks:ListPodIdentityAssociations), C(iam:GetInstanceProfile),
    C(iam:ListAttachedRolePolicies), C(iam:ListRolePolicies), and for a cluster with remote networks
    C(ssm:DescribeInstanceInformation).
  - It asks the Kubernetes API which instances have joined. The caller needs an access entry with a policy such as
    V(AmazonEKSAdminViewPolicy) for that. Without, every instance that should be a node is looked at, with the status
    V(unknown).
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description:
      - Name of the cluster. It has to be V(ACTIVE), or V(UPDATING).
      - In check mode, a cluster that is not there yet has no nodes, so playbooks that would make it can be checked.
    type: str
    required: true
  cluster:
    description:
      - The cluster as M(flotilla.eks.cluster) returned it. Spares the call of DescribeCluster. If something is not in
        it that instances are compared with, the cluster is described.
    type: dict
  instance_ids:
    description:
      - The instances to look at, whatever their tags and whether they have joined or not. One that does not exist is
        an error.
      - Omitted, all that should be ready nodes of the cluster and are none, as M(flotilla.eks.nodes_info) finds them,
        and those of the cluster's Auto Scaling groups that lack its tag.
    type: list
    elements: str
  groups:
    description:
      - The groups to look at, by the name of a managed node group, of a group of the role
        C(self_managed_nodes), or of an Auto Scaling group, which need not carry the cluster's tag.
        One that does not exist is an error.
    type: list
    elements: str
    aliases: [scaling_groups]
  role_arn:
    description: ARN of an IAM role to assume for the Kubernetes API.
    type: str
  console_lines:
    description:
      - How many lines from the end of its console to return of each instance whose console is read.
      - The scripts in user data may have printed secrets there. What looks like one is left out, which is no
        guarantee.
    type: int
    default: 0
seealso:
  - module: flotilla.eks.nodes_info
  - module: flotilla.eks.access_entry
  - module: flotilla.eks.aws_auth
  - plugin: flotilla.eks.node_user_data
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

- name: Ask why instances are no nodes
  flotilla.eks.join_diagnosis:
    cluster_name: prod
  register: diagnosis

- name: Say what was found, and what to do
  ansible.builtin.debug:
    msg: "{{ diagnosis.summary.splitlines() }}"

- name: Fail if something keeps an instance from joining
  ansible.builtin.assert:
    that: diagnosis.instances | map(attribute='findings') | flatten | selectattr('severity', 'eq', 'blocking') is falsy
    fail_msg: "{{ diagnosis.summary }}"

- name: Look at one group, with the last words of some of its instances
  flotilla.eks.join_diagnosis:
    cluster_name: prod
    groups: [web]
    console_lines: 40
"""

RETURN = r"""
---
instances:
  description: What was found of each instance.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: Id of the instance.
      type: str
      sample: i-0a1b2c3d4e5f60718
    name:
      description: Name of its node, or its id if it has none.
      type: str
      sample: i-0a1b2c3d4e5f60718
    kind:
      description: V(managed) by a node group of EKS, or V(self_managed).
      type: str
      sample: self_managed
    group:
      description: Name of its node group, or of its Auto Scaling group.
      type: str
      sample: prod-workers
    status:
      description:
        - V(not_joined), V(not_ready) or V(ready); V(unknown) if the Kubernetes API could not be asked.
      type: str
      sample: not_joined
    reason:
      description: What M(flotilla.eks.nodes_info) says of it.
      type: str
      sample: "no Node has appeared for it (launched 14m03s ago, running); flotilla.eks.join_diagnosis tells why"
    likely_cause:
      description: The check of the first finding; none if nothing was found.
      type: str
      sample: access_entry
    findings:
      description: What is wrong, the likely root cause first.
      type: list
      elements: dict
      contains:
        check:
          description:
            - What was looked at, one of V(instance_state), V(node_conditions), V(instance_profile), V(metadata),
              V(image), V(user_data_form), V(user_data_cluster), V(user_data_ca), V(user_data_service_cidr),
              V(version_skew), V(role_policies), V(access_entry), V(security_groups), V(network_acls), V(dns), V(route),
              V(endpoint_access), V(service_endpoints), V(free_addresses), V(max_pods), V(tags) and V(console).
          type: str
          sample: access_entry
        severity:
          description:
            - V(blocking) if no instance like this becomes a node on which pods can work, V(suspicious) if it may be so.
          type: str
          sample: blocking
        problem:
          description: What is wrong.
          type: str
          sample: the role eks-node has no access entry, so the cluster turns its nodes away (Unauthorized)
        evidence:
          description: By what that shows.
          type: str
          sample: >-
            DescribeAccessEntry finds none for arn:aws:iam::123456789012:role/eks-node, and the authentication mode is
            API
        fix:
          description: What to do, as an option of this collection or a command.
          type: str
          sample: >-
            flotilla.eks.access_entry: cluster_name: prod, principal_arn: arn:aws:iam::123456789012:role/eks-node,
            type: EC2_LINUX
    passed:
      description: The checks that found nothing.
      type: list
      elements: str
      sample: [instance_state, instance_profile, image]
    unchecked:
      description: The checks that could not, or not wholly, be made. RV(unchecked) says why.
      type: list
      elements: str
      sample: [console]
    user_data:
      description: What its user data say, if they could be read.
      type: dict
      contains:
        family:
          description: What they are written for, V(al2023), V(bottlerocket), V(ubuntu), V(windows) or V(al2).
          type: str
          sample: al2023
        cluster_name:
          description: The cluster to join.
          type: str
          sample: prod
        endpoint:
          description: Its endpoint.
          type: str
          sample: https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com
        service_cidr:
          description: The range of its services.
          type: str
          sample: 172.20.0.0/16
        cluster_dns:
          description: The addresses of the DNS for pods.
          type: list
          elements: str
          sample: [172.20.0.10]
        labels:
          description: Labels of the node to be, with keys as they are.
          type: dict
          sample: {tier: web}
        taints:
          description: Taints of the node to be, as Kubernetes writes them.
          type: list
          elements: dict
          sample: [{key: workload, value: batch, effect: NoSchedule}]
        max_pods:
          description: How many pods the node is to take.
          type: int
          sample: 58
    console:
      description: The last O(console_lines) lines of its console, if they are wanted and it was read.
      type: str
      sample: "kubelet: Unable to register node with API server: Unauthorized"
groups:
  description: The groups that have fewer instances than they want, unless O(instance_ids) is given.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(managed) or V(self_managed).
      type: str
      sample: self_managed
    group:
      description: Name of the group.
      type: str
      sample: prod-workers
    desired:
      description: How many instances it wants.
      type: int
      sample: 3
    instances:
      description: How many it has.
      type: int
      sample: 0
    findings:
      description:
        - As RV(instances[].findings), from the last activities of the group and, of a managed one, from what EKS says
          of its health. The check is V(launch), V(free_addresses), V(capacity), V(quota), V(instance_profile),
          V(image), V(security_groups), V(launch_template), V(volumes) or V(health).
      type: list
      elements: dict
      sample:
        - check: free_addresses
          severity: blocking
          problem: "the Auto Scaling group cannot launch: a subnet of the group has no free address left"
          evidence: There are not enough free addresses in subnet 'subnet-0a1b2c3d4e5f60001' to satisfy the request.
          fix: free some, or give the group further subnets
unchecked:
  description: What could not be looked at.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: The check that lacks it.
      type: str
      sample: role_policies
    reason:
      description: Why.
      type: str
      sample: "profiles: the caller may not do iam:GetInstanceProfile"
    action:
      description: The IAM action that the caller lacks, if that is why.
      type: str
      sample: iam:GetInstanceProfile
not_looked_at:
  description: The instances whose consoles were not read, as they are many.
  returned: always
  type: list
  elements: str
  sample: []
summary:
  description: All of it as a text to print, each likely cause once.
  returned: always
  type: str
  sample: |-
    cluster prod: 1 not joined
    i-0a1b2c3d4e5f60718:
      1. access_entry (blocking): the role eks-node has no access entry, so the cluster turns its nodes away
         evidence: DescribeAccessEntry finds none for arn:aws:iam::123456789012:role/eks-node
         fix: flotilla.eks.access_entry: cluster_name: prod, principal_arn: arn:aws:iam::123456789012:role/eks-node
"""

from ansible_collections.flotilla.eks.plugins.module_utils._join.entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
