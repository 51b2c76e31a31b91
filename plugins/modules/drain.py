#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: drain
version_added: 0.1.0
short_description: Cordon, drain and uncordon nodes of an EKS cluster
description:
  - Keeps new pods off nodes (cordons them) and moves the pods that are there elsewhere, by evictions, which disruption
    budgets may hold back for a while. Needs no Kubernetes library and no kubeconfig.
  - All nodes are cordoned first. Then they are emptied in batches. Pods of DaemonSets stay.
  - If it does not succeed, the nodes that it cordoned take pods again, unless O(keep_cordoned). What could not be
    evicted is told, with the budget that held it back. Run again, it goes on where it was.
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
  state:
    description:
      - With V(drained), the nodes are cordoned and no pods are on them but those of DaemonSets.
      - With V(cordoned), the nodes take no new pods. With V(uncordoned), they do.
    type: str
    choices: [drained, cordoned, uncordoned]
    default: drained
  nodes:
    description: The nodes by name. One that is not in the cluster is an error.
    type: list
    elements: str
  nodegroups:
    description: Names of managed node groups, all of whose nodes it is about.
    type: list
    elements: str
  label_selector:
    description:
      - Selects the nodes by their labels, such as V(topology.kubernetes.io/zone=eu-central-1a). With O(nodegroups),
        both must hold.
    type: str
  batch_size:
    description: How many nodes are emptied at a time.
    type: int
    default: 1
  timeout:
    description: How long the pods of a batch may take to go, in seconds, before the task fails.
    type: int
    default: 900
  wait_delay:
    description: Longest time between two tries, in seconds. The first ones follow sooner.
    type: int
    default: 5
  keep_cordoned:
    description: Leave the nodes cordoned if draining them fails.
    type: bool
    default: false
  mark:
    version_added: 0.5.0
    description:
      - Key of an annotation for the nodes that this task cordons, such as V(example.com/upgrade).
      - With O(state=uncordoned), only nodes with it take pods again, and lose it. Those that somebody else has cordoned
        stay as they are.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description:
      - Tells what would be cordoned and evicted, and asks the API server which budgets would hold pods back just now.
  diff_mode:
    support: none
    description: The result names what changes.
  idempotent:
    support: full
    description: Nodes that are cordoned and empty are left as they are.
seealso:
  - module: flotilla.eks.nodes_info
  - name: Safely drain a node
    description: What Kubernetes says of it.
    link: https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
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

- name: Which budgets would hold pods back just now
  flotilla.eks.drain:
    cluster_name: prod
    nodegroups: [web]
  check_mode: true
  register: plan

- name: Empty the nodes of a group, three at a time
  flotilla.eks.drain:
    cluster_name: prod
    nodegroups: [web]
    batch_size: 3
    delete_emptydir_data: true

- name: Keep new pods off a zone
  flotilla.eks.drain:
    cluster_name: prod
    label_selector: topology.kubernetes.io/zone=eu-central-1a
    state: cordoned

- name: Let pods onto a node again
  flotilla.eks.drain:
    cluster_name: prod
    nodes: [ip-10-0-1-17.eu-central-1.compute.internal]
    state: uncordoned
"""

RETURN = r"""
---
nodes:
  description: Names of the nodes that were selected.
  returned: always
  type: list
  elements: str
  sample: [ip-10-0-1-17.eu-central-1.compute.internal]
cordoned:
  description: Names of the nodes that were cordoned, or in check mode would be.
  returned: unless O(state=uncordoned)
  type: list
  elements: str
uncordoned:
  description: Names of the nodes that were uncordoned, or in check mode would be.
  returned: when O(state=uncordoned)
  type: list
  elements: str
evicted:
  description: The pods that went, or in check mode would go at once.
  returned: unless O(state=uncordoned)
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
stuck:
  description: The pods that did not go, or in check mode would not go at once.
  returned: unless O(state=uncordoned)
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
      description: Name of the node that it is on.
      type: str
      sample: ip-10-0-1-17.eu-central-1.compute.internal
    reason:
      description: What holds it back, say a disruption budget.
      type: str
      sample: The disruption budget web needs 2 healthy pods and has 2 currently
"""

from ansible_collections.flotilla.eks.plugins.module_utils._drain.entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
