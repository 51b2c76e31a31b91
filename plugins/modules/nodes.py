#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nodes
version_added: 0.1.0
short_description: Labels and taints of the nodes of an Amazon EKS cluster
description:
  - Keeps labels and taints of Nodes as they are listed, or removes Nodes that have gone for good. A kubelet sets the
    labels and taints that it is told only when its Node is made, so later changes of them need this.
  - What others have set is left alone. Which labels and taints this module keeps, it remembers in the annotation
    C(flotilla.eks/kept) of the Node, so that it removes what is not listed any more.
  - All Nodes are read by one list, and changed side by side. It asks the Kubernetes API by itself, as the caller of
    the task.
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
      - With V(present), the Nodes have the labels and taints. A Node that does not exist, which only its kubelet can
        make, is an error unless it appears within O(wait_timeout); in check mode it is left out.
      - With V(absent), there are no such Nodes. The pods on them are lost, so drain them before
        (M(flotilla.eks.drain)), and stop their kubelets, which would make them anew.
    type: str
    choices: [present, absent]
    default: present
  nodes:
    description: The nodes.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the Node, or id of its instance.
        type: str
        required: true
      labels:
        description: Labels by their keys. Omitted, labels are left alone. Empty, those that were kept go.
        type: dict
      taints:
        description:
          - Taints. Omitted, they are left alone. Empty, those that were kept go.
          - Do not list a taint that something removes when the node has started up. Have the kubelet register with
            it.
        type: list
        elements: dict
        suboptions:
          key:
            description: Key of the taint.
            type: str
            required: true
          value:
            description: Its value.
            type: str
            default: ""
          effect:
            description: What it does to pods that do not tolerate it, as Kubernetes or as EKS spells it.
            type: str
            choices: [NoSchedule, PreferNoSchedule, NoExecute, NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE]
            required: true
  wait_timeout:
    description:
      - How long to wait for all of the nodes to be there and Ready, in seconds. With V(0), they need not be Ready.
      - In check mode, nothing is waited for.
    type: int
    default: 0
attributes:
  check_mode:
    support: full
    description: Tells what would be done. The requests are dry runs, which the cluster judges but does not carry out.
  diff_mode:
    support: none
    description: Tells which Nodes change.
  idempotent:
    support: full
    description: Nodes that are as they are listed are left alone.
seealso:
  - module: flotilla.eks.nodes_info
  - module: flotilla.eks.drain
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
  - flotilla.eks.attributes
  - flotilla.eks.retries
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: Keep a node for batch jobs
  flotilla.eks.nodes:
    cluster_name: prod
    nodes:
      - name: ip-10-0-1-17.eu-central-1.compute.internal
        labels: {tier: batch}
        taints:
          - key: batch
            effect: NoSchedule

- name: Forget a node whose machine is gone
  flotilla.eks.nodes:
    cluster_name: prod
    nodes:
      - name: ip-10-0-1-17.eu-central-1.compute.internal
    state: absent
"""

RETURN = r"""
---
nodes:
  description: Names of the Nodes that were changed or removed, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: [ip-10-0-1-17.eu-central-1.compute.internal]
unready:
  description:
    - Those of O(nodes) that were waited for in vain, by what O(nodes) calls them, each with the reason. The module
      fails.
  returned: always
  type: dict
  sample: {i-0a1b2c3d4e5f60718: no Node has appeared for it}
"""

from ansible_collections.flotilla.eks.plugins.module_utils._nodes.kept_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
