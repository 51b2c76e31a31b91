#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fleet
version_added: 0.1.0
short_description: All that the EKS API owns in one cluster, planned and applied together
description:
  - Takes the desired state of a cluster with its members, reads all of it side by side, plans it, and applies the plan
    as a graph. What is independent runs at the same time, and the task takes as long as its longest chain.
  - The cluster comes first; then access entries and the add-ons that nodes need; then node groups and Fargate profiles;
    then the other add-ons. Updates of the cluster are made one at a time, and so are Fargate profiles, as EKS demands,
    while everything else goes on.
  - Everything is checked before anything is written. An error names the entry, as in
    C(nodegroups[2].taints[0].effect).
  - If a resource fails, those that need it are not begun, and all others are finished. A second run does the rest.
    The same holds after a run that was stopped anywhere.
  - What is created gets the tag C(flotilla.eks/cluster) with the name of the cluster. What others created is taken as
    it is, and does not get the tag.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  cluster:
    description:
      - The cluster itself, by the options of M(flotilla.eks.cluster) but O(flotilla.eks.cluster#module:name),
        O(flotilla.eks.cluster#module:state) and O(flotilla.eks.cluster#module:wait).
      - Omitted, the cluster is somebody else's and must exist. In check mode it may be missing, as an earlier task may
        be the one that makes it.
    type: dict
  nodegroups:
    description:
      - Managed node groups, each by the options of M(flotilla.eks.nodegroup) but
        O(flotilla.eks.nodegroup#module:cluster_name) and O(flotilla.eks.nodegroup#module:wait). One with
        O(flotilla.eks.nodegroup#module:state=absent) is deleted.
    type: list
    elements: dict
  fargate_profiles:
    description:
      - Fargate profiles, likewise by the options of M(flotilla.eks.fargate_profile).
    type: list
    elements: dict
  access_entries:
    description:
      - Access entries, likewise by the options of M(flotilla.eks.access_entry).
    type: list
    elements: dict
  addons:
    description:
      - Add-ons, likewise by the options of M(flotilla.eks.addon).
      - With V(before_compute=true), an add-on is installed before there are nodes, else after the node groups. Without
        it, C(vpc-cni), C(kube-proxy) and C(eks-pod-identity-agent) come before, as nodes need them, and all others
        after.
    type: list
    elements: dict
  pod_identity_associations:
    description:
      - Pod identity associations, likewise by the options of M(flotilla.eks.pod_identity_association). Those of an
        add-on stand with the add-on.
    type: list
    elements: dict
  identity_provider_configs:
    description:
      - Identity providers of users, likewise by the options of M(flotilla.eks.identity_provider_config). EKS takes one
        of them or one update of the cluster at a time, so they follow one another.
    type: list
    elements: dict
  capabilities:
    description:
      - Capabilities that EKS runs, likewise by the options of M(flotilla.eks.capability).
    type: list
    elements: dict
  prune:
    description:
      - Of which kinds those are deleted that the lists above do not name. A kind that is pruned and not listed is
        deleted as a whole.
      - Only what carries the tag C(flotilla.eks/cluster) with the name of the cluster is deleted.
      - Deletions come last, and in reverse order; nothing is deleted if what it may be replaced by has failed.
    type: list
    elements: str
    choices:
      - access_entries
      - addons
      - nodegroups
      - fargate_profiles
      - pod_identity_associations
      - identity_provider_configs
      - capabilities
    default: []
  prune_unowned:
    description:
      - Whether O(prune) also means what does not carry the tag.
      - What EKS made for itself stays even then, such as the access entries of nodes.
    type: bool
    default: false
  parallel:
    description:
      - How many calls of AWS are under way at the same time. Waiting for a resource is no call.
    type: int
    default: 8
  wait_timeout:
    description:
      - How many seconds each resource may take. Without it, as long as its own module would wait.
    type: int
  wait_delay:
    description:
      - Longest time between two looks at a resource that is waited for, in seconds. The first ones follow sooner.
    type: int
    default: 15
  show_progress:
    description:
      - Whether to show lines such as C(prod  nodegroup/web  CREATING  1m40s) while the task runs, one for each change
        of a state, and else every 15 seconds for each resource.
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
    description: Tells the whole plan. Calls no operation of AWS that writes.
  diff_mode:
    support: full
    description: Shows the fields that change, resource by resource.
  idempotent:
    support: full
    description: The same task again changes nothing, as long as nobody else did.
  action_group:
    support: full
    description: >-
      Takes the defaults that C(module_defaults) has for C(group/flotilla.eks.aws) and for C(group/amazon.aws.aws).
    membership:
      - flotilla.eks.aws
seealso:
  - module: flotilla.eks.fleet_info
extends_documentation_fragment:
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: Show what would be made
  flotilla.eks.fleet: &fleet
    cluster_name: prod
    cluster:
      version: "1.34"
      role_arn: arn:aws:iam::123456789012:role/eks-cluster
      resources_vpc_config:
        subnet_ids: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
        endpoint_private_access: true
      access_config:
        authentication_mode: API
    access_entries:
      - principal_arn: arn:aws:iam::123456789012:role/platform-admin
        policies:
          - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy
            access_scope: {type: cluster}
    nodegroups:
      - name: web
        node_role: arn:aws:iam::123456789012:role/eks-node
        subnets: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
        scaling_config: {min_size: 2, desired_size: 2, max_size: 6}
      - name: batch
        node_role: arn:aws:iam::123456789012:role/eks-node
        subnets: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
        scaling_config: {min_size: 0, desired_size: 0, max_size: 20}
        capacity_type: SPOT
        taints:
          - {key: batch, value: "true", effect: NO_SCHEDULE}
    fargate_profiles:
      - name: jobs
        role_arn: arn:aws:iam::123456789012:role/eks-fargate
        subnets: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
        selectors:
          - namespace: jobs
  check_mode: true
  diff: true
  register: preview

- name: Stop if anything would be replaced or deleted
  ansible.builtin.assert:
    that: preview.plan.counts.replace + preview.plan.counts.delete == 0

- name: Make it
  flotilla.eks.fleet: *fleet

- name: Keep only these node groups of ours, on a cluster that somebody else looks after
  flotilla.eks.fleet:
    cluster_name: prod
    nodegroups:
      - name: web
    prune: [nodegroups]
"""

RETURN = r"""
---
plan:
  description: What was to be done, in check mode what would be.
  returned: when everything could be read and nothing was refused
  type: dict
  contains:
    counts:
      description: How many resources were to be created, updated, replaced, deleted and left alone.
      type: dict
      sample: {create: 2, delete: 0, replace: 0, untouched: 12, update: 1}
    entries:
      description: Those to be touched, each as in RV(resources).
      type: list
      elements: dict
resources:
  description: Every resource of the task.
  returned: when everything could be read and nothing was refused
  type: list
  elements: dict
  contains:
    resource:
      description: Kind and name.
      type: str
      sample: nodegroup/web
    action:
      description: V(create), V(update), V(replace), V(delete) or V(untouched).
      type: str
      sample: update
    operations:
      description: The operations of the API that do it.
      type: list
      elements: str
      sample: [UpdateNodegroupConfig]
    fields:
      description: The options that differ, as dotted paths.
      type: list
      elements: str
      sample: [scaling_config.desired_size, labels]
    status:
      description:
        - V(done), V(failed), V(not_started) as something that it needs failed, V(untouched), or in check mode
          V(planned).
      type: str
      sample: done
    seconds:
      description: How long it took.
      returned: if it was begun
      type: float
      sample: 101.5
    error:
      description: Why it failed.
      returned: if it failed
      type: str
    because_of:
      description: The resources whose failure kept it from being begun.
      returned: if it was not begun
      type: list
      elements: str
      sample: [cluster/prod]
observed:
  description:
    - Every resource as it is now, under the name that RV(resources) has for it, as its own module returns it; null for
      what does not exist.
  returned: success
  type: dict
  sample:
    fargate_profile/jobs:
      fargate_profile_name: jobs
      status: ACTIVE
diff:
  description: Before and after of what changes, a pair for each resource.
  returned: in diff mode
  type: list
  elements: dict
"""

from ansible_collections.flotilla.eks.plugins.module_utils._fleet.entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
