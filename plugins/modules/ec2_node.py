#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ec2_node
version_added: 0.1.0
short_description: Has the kubelet of an EC2 instance serve an Amazon EKS cluster
description:
  - Runs on an EC2 instance of an EKS optimized AMI of Amazon Linux 2023, as root. It puts a NodeConfig into
    C(/etc/eks/nodeadm.d), has C(nodeadm init) configure the kubelet by it, restarts a kubelet that ran by another
    one, and enables it, so that it is back after a reboot.
  - nodeadm runs only if what is there calls for it. That is a kubelet that is not active, is led to another cluster,
    or runs by other NodeConfigs than those that are there now.
  - That nodeadm ends with 0 is taken for nothing. What it should have written and started must be there afterwards,
    and the kubelet must stay up.
  - A run that was killed anywhere is taken up by the next one.
  - Whether the Node becomes Ready, the cluster tells (M(flotilla.eks.nodes_info)).
author: flotilla.eks contributors (!UNKNOWN)
options:
  state:
    description:
      - With V(absent), the kubelet rests and is not enabled, and what leads it to the cluster is removed. Drain the
        node before (M(flotilla.eks.drain)), and remove the Node afterwards (M(flotilla.eks.nodes)). Containers of
        DaemonSets run on until the instance is rebooted or terminated.
    type: str
    choices: [present, absent]
    default: present
  node_config:
    description:
      - The NodeConfig, as the filter P(flotilla.eks.node_config#filter) makes it. Required unless O(state=absent).
      - It becomes C(90-flotilla-eks.json), for root's eyes only. It wins over user data and over files whose names
        come before; flags of the kubelet add up.
    type: dict
  timeout:
    description: How long nodeadm may take, in seconds. It waits for minutes for the APIs of AWS.
    type: int
    default: 900
attributes:
  check_mode:
    support: full
    description: Tells what would be done, and does nothing.
  diff_mode:
    support: full
    description: Shows the NodeConfig, before and after.
  idempotent:
    support: full
    description: A kubelet that runs as is wanted is not touched.
seealso:
  - module: flotilla.eks.ec2_node_preflight
  - module: flotilla.eks.nodes_info
"""

EXAMPLES = r"""
---
- name: See what nodes of the cluster have to know
  flotilla.eks.bootstrap_info:
    cluster_name: prod
    region: eu-central-1
  delegate_to: localhost
  register: bootstrap

- name: Have the kubelet serve the cluster
  flotilla.eks.ec2_node:
    node_config: "{{ bootstrap.cluster | flotilla.eks.node_config(labels={'tier': 'batch'}) }}"
  become: true

- name: Have it rest
  flotilla.eks.ec2_node:
    state: absent
  become: true
"""

RETURN = r"""
---
reasons:
  description: Why nodeadm had to run, or in check mode would have to.
  returned: unless O(state=absent)
  type: list
  elements: str
  sample: [its NodeConfig is not the one that the kubelet runs by]
initialized:
  description: Whether nodeadm ran, or in check mode would.
  returned: unless O(state=absent)
  type: bool
  sample: true
restarted:
  description: Whether a kubelet was running that was restarted, or in check mode would be.
  returned: unless O(state=absent)
  type: bool
  sample: false
node_name:
  description: Name of the Node that the kubelet makes.
  returned: unless O(state=absent)
  type: str
  sample: ip-10-0-1-23.eu-central-1.compute.internal
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.ec2_node_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
