#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: hybrid_node
version_added: 0.1.0
short_description: Has the kubelet of a machine on premises serve an Amazon EKS cluster
description:
  - Runs on a machine on premises, as root, that M(flotilla.eks.hybrid_node_install) has prepared. C(nodeadm init)
    registers it with its credential provider, and configures and starts the kubelet; C(nodeadm upgrade) brings it to
    another version.
  - nodeadm runs only if what is there calls for it, since it restarts containerd and the kubelet each time. That is a
    kubelet that is not active, is led to another cluster or runs by another NodeConfig, a host that is not
    registered, or a version that is not the wanted one.
  - That nodeadm ends with 0 is taken for nothing. What it should have written and started must be there afterwards,
    and the kubelet must stay up.
  - A run that was killed anywhere is taken up by the next one.
  - Whether the Node becomes Ready, the cluster tells (M(flotilla.eks.nodes)).
author: flotilla.eks contributors (!UNKNOWN)
options:
  node_config:
    description: The NodeConfig without secrets, as the filter P(flotilla.eks.hybrid_node_config#filter) makes it.
    type: dict
    required: true
  activation_id:
    description: Id of the activation to register with. Give it only for a host that has to register.
    type: str
    default: ""
  activation_code:
    description:
      - Its code. nodeadm reads it from a file in memory, for root's eyes only, which is gone when it has ended.
      - For as long as the agent of Systems Manager registers the host, nodeadm has it among the arguments of a process.
      - A host that is registered already registers anew, under another id. So give it only if Systems Manager does not
        know the host any more (M(flotilla.eks.ssm_managed_instance_info)).
    type: str
    default: ""
  version:
    description:
      - The Kubernetes version that the kubelet has to have, such as V(1.34) or V(1.34.1). With another one, it is
        upgraded, for which the node has to be cordoned and drained (M(flotilla.eks.drain)).
      - From then on until somebody removes C(/var/lib/flotilla-eks/hybrid-upgrade.json), as the role does when the node
        takes pods again, M(flotilla.eks.hybrid_node_preflight) says that it is being upgraded.
      - Omitted, its version is left alone.
    type: str
  skip_phases:
    description: Phases that nodeadm is to skip, as it names them, such as V(cni-validation).
    type: list
    elements: str
    default: []
  manifest:
    version_added: 0.5.0
    description: Address of a list of releases, as O(flotilla.eks.hybrid_node_install#module:manifest).
    type: str
  private_mode:
    version_added: 0.5.0
    description: Upgrade no packages of the system. Needs O(manifest).
    type: bool
    default: false
  timeout:
    description: How long nodeadm may take, in seconds.
    type: int
    default: 1200
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
  - module: flotilla.eks.hybrid_node_preflight
  - module: flotilla.eks.hybrid_node_install
  - module: flotilla.eks.ssm_activation
"""

EXAMPLES = r"""
---
- name: See what nodes of the cluster have to know
  flotilla.eks.bootstrap_info:
    cluster_name: prod
    region: eu-central-1
  delegate_to: localhost
  register: bootstrap

- name: Let one host register
  flotilla.eks.ssm_activation:
    name: prod-join
    registration_limit: 1
    iam_role: prod-hybrid
    region: eu-central-1
  delegate_to: localhost
  no_log: true  # The result holds the activation code.
  register: activation

- name: Have the kubelet serve the cluster
  flotilla.eks.hybrid_node:
    node_config: "{{ bootstrap.cluster | flotilla.eks.hybrid_node_config(labels={'site': 'north'}) }}"
    activation_id: "{{ activation.activation_id }}"
    activation_code: "{{ activation.activation_code }}"
  become: true
"""

RETURN = r"""
---
reasons:
  description: Why nodeadm had to run, or in check mode would have to.
  returned: always
  type: list
  elements: str
  sample: [the host is not registered with Systems Manager]
initialized:
  description: Whether C(nodeadm init) ran, or in check mode would.
  returned: always
  type: bool
  sample: true
refused:
  description: It failed, as the activation did not let the host register; another one may.
  returned: if so
  type: bool
  sample: true
upgraded:
  description: Whether C(nodeadm upgrade) ran, or in check mode would.
  returned: always
  type: bool
  sample: false
kubelet_version:
  description: Version of the kubelet.
  returned: always
  type: str
  sample: v1.34.1-eks-99d6cc0
node_name:
  description: Name of the Node that the kubelet makes.
  returned: always
  type: str
  sample: mi-0a1b2c3d4e5f60718
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.node_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
