#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: hybrid_node_install
version_added: 0.1.0
short_description: Installs what a machine on premises needs to be a node of Amazon EKS, and uninstalls it
description:
  - Runs on a machine on premises, as root. It fetches C(nodeadm) in a version that is pinned, compares its checksum,
    and has it install kubelet, containerd and the credential provider, once.
  - That nodeadm ends with 0 is taken for nothing. It must have written its tracker, and the kubelet must tell its
    version.
  - An installation that was not finished is recognized by files that are there without the tracker, and taken up. One
    that is complete is never run again, since nodeadm would then forget that containerd is its own.
author: flotilla.eks contributors (!UNKNOWN)
options:
  state:
    description:
      - With V(absent), nodeadm uninstalls what it has installed. That ends the registration with Systems Manager, too.
      - Drain the node before (M(flotilla.eks.drain)), and remove the Node afterwards (M(flotilla.eks.nodes)).
    type: str
    choices: [present, absent]
    default: present
  version:
    description:
      - The Kubernetes version to install, such as V(1.34), of which nodeadm takes the newest patch, or V(1.34.1).
      - What is installed is left alone, also in another version. M(flotilla.eks.hybrid_node) upgrades it.
      - Required unless O(state=absent).
    type: str
  region:
    description: The region of the cluster. Required unless O(state=absent).
    type: str
  nodeadm_version:
    description:
      - The version of nodeadm, such as V(v1.0.20). An other one that is there is replaced, and does nothing.
      - Required unless O(state=absent).
    type: str
  nodeadm_checksum:
    description:
      - Checksum of nodeadm, such as V(sha256:...) or V(sha512:...). Omitted, it is read from beside it, which tells a
        broken download, but not a malicious server.
    type: str
    default: ""
  releases:
    description:
      - Where releases of nodeadm are, or a mirror of the same layout, VERSION/bin/linux/ARCHITECTURE/nodeadm.
      - The proxy that M(flotilla.eks.hybrid_node_proxy) has written down is used, or else that of the environment, if
        there is one.
    type: str
    default: https://hybrid-assets.eks.amazonaws.com/releases
  credential_provider:
    description: By what the host gets credentials of AWS. Nobody can change it on a host that is installed.
    type: str
    choices: [ssm, iam_roles_anywhere]
    default: ssm
  containerd_source:
    description:
      - Where containerd comes from, V(distro), the distribution; V(docker), Docker's packages; V(none), it is there.
      - Omitted, V(docker) on Red Hat Enterprise Linux, for which nodeadm has none else, and V(distro) elsewhere.
    type: str
    choices: [distro, docker, none]
  manifest:
    description:
      - Address of a list of releases that nodeadm takes in the place of its own, with C(https) or C(file). What is in
        the list is fetched with C(https) all the same.
      - The agent of Systems Manager is not among it. nodeadm fetches it from the bucket of the region.
    type: str
  private_mode:
    description:
      - Install no packages of the system. containerd, runc and iptables are there already. Needs O(manifest).
    type: bool
    default: false
  timeout:
    description: How long one attempt may take, in seconds. nodeadm waits for other package managers to end.
    type: int
    default: 1200
  attempts:
    description: How many attempts to make.
    type: int
    default: 2
  foreign:
    description:
      - nodeadm removes whole directories, such as C(/root/.aws), C(/etc/amazon), C(/etc/kubernetes) and C(/opt/cni).
        With V(refuse), what is not its own there is an error before anything is touched. With V(remove), it is lost.
    type: str
    choices: [refuse, remove]
    default: refuse
  leftovers:
    description:
      - What becomes of what nodeadm leaves, such as itself, C(/var/lib/kubelet) with the volumes of pods, and
        C(/var/lib/containerd) with images. With V(keep), it is told.
      - Directories below which something is mounted are kept, and so is what a containerd needs that was there before.
    type: str
    choices: [keep, remove]
    default: keep
  skip_validation:
    description: Let nodeadm uninstall without looking whether the node is cordoned and drained.
    type: bool
    default: false
  deregistered:
    version_added: 0.5.0
    description:
      - The host is registered with Systems Manager no more (M(flotilla.eks.ssm_managed_instance)), whatever it thinks.
      - nodeadm deregisters it by the role of the node, and stops half-way where that role may not. Then the result
        tells RV(registered).
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Tells what would be done, and does nothing.
  diff_mode:
    support: none
    description: The result tells why something is done.
  idempotent:
    support: full
    description: What is installed is left alone.
seealso:
  - module: flotilla.eks.hybrid_node_preflight
  - module: flotilla.eks.hybrid_node
"""

EXAMPLES = r"""
---
- name: Install what a node needs
  flotilla.eks.hybrid_node_install:
    version: "1.34"
    region: eu-central-1
    nodeadm_version: v1.0.20
  become: true

- name: Uninstall it, with all that is left
  flotilla.eks.hybrid_node_install:
    state: absent
    leftovers: remove
  become: true
"""

RETURN = r"""
---
installed:
  description: Whether nodeadm installed something, or in check mode would.
  returned: unless O(state=absent)
  type: bool
  sample: true
reasons:
  description: Why.
  returned: unless O(state=absent)
  type: list
  elements: str
  sample: [nothing is installed]
kubelet_version:
  description: Version of the kubelet.
  returned: unless O(state=absent)
  type: str
  sample: v1.34.1-eks-99d6cc0
uninstalled:
  description: Whether nodeadm uninstalled something, or in check mode would.
  returned: if O(state=absent)
  type: bool
  sample: true
instance_id:
  description: What Systems Manager knew the host by; empty if it was not registered.
  returned: if O(state=absent)
  type: str
  sample: mi-0a1b2c3d4e5f60718
registered:
  description: It failed, as nodeadm could not deregister the host. What runs on it has been stopped.
  returned: if so
  type: bool
  sample: true
removed:
  description: What was removed of what nodeadm left. In check mode, of what is there now.
  returned: if O(state=absent)
  type: list
  elements: str
  sample: [/usr/local/bin/nodeadm, /var/lib/kubelet]
leftovers:
  description: What is left.
  returned: if O(state=absent)
  type: list
  elements: str
  sample: []
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
