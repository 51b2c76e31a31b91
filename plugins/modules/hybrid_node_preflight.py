#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: hybrid_node_preflight
version_added: 0.1.0
short_description: All that keeps a machine on premises from joining an Amazon EKS cluster
description:
  - Runs on a machine on premises, as root, and fails with everything in one report that keeps it from becoming a node,
    each with what to do. It only looks.
  - It needs Python 3.9 or newer and nothing else on the host, and no credentials of AWS. What is to be known of the
    cluster comes from M(flotilla.eks.bootstrap_info), which runs on the control node.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster:
    description: The cluster as M(flotilla.eks.bootstrap_info) returns it. Required unless O(state=absent).
    type: dict
  version:
    description:
      - The Kubernetes version that the host is to get, such as V(1.34). Required unless O(state=absent).
      - Of a host that is installed, its own counts, unless O(upgrade).
    type: str
  upgrade:
    description: Whether a host that is installed is to get O(version), too.
    type: bool
    default: false
  credential_provider:
    description: By what the host gets credentials of AWS.
    type: str
    choices: [ssm, iam_roles_anywhere]
    default: ssm
  containerd_source:
    description:
      - Where containerd comes from, as O(flotilla.eks.hybrid_node_install#module:containerd_source).
    type: str
    choices: [distro, docker, none]
  kubelet_flags:
    description: Flags of the kubelet. If C(--node-ip) is among them, that is the address of the node.
    type: list
    elements: str
    default: []
  node_name:
    version_added: 0.5.0
    description:
      - Name that the node is to have, with O(credential_provider=iam_roles_anywhere). Systems Manager chooses one.
    type: str
    default: ""
  nodes:
    version_added: 0.5.0
    description: The nodes on premises that the cluster has, as M(flotilla.eks.bootstrap_info) returns them.
    type: list
    elements: dict
  vpc_cidrs:
    version_added: 0.5.0
    description: The networks of the VPC of the cluster, as M(flotilla.eks.bootstrap_info) returns them.
    type: list
    elements: str
  patience:
    version_added: 0.5.0
    description:
      - How long to wait, in seconds, for what is at work on the host already. A run that is killed on the control node
        goes on for a while on its hosts.
    type: int
    default: 10
  releases:
    description: Where releases of nodeadm are.
    type: str
    default: https://hybrid-assets.eks.amazonaws.com/releases
  manifest:
    version_added: 0.5.0
    description: Address of a list of releases, as O(flotilla.eks.hybrid_node_install#module:manifest).
    type: str
  private_mode:
    version_added: 0.5.0
    description: Whether nodeadm is to install no packages of the system, which then have to be there.
    type: bool
    default: false
  proxy:
    version_added: 0.5.0
    description:
      - The proxy that the host is to use. All else is looked at through it. Omitted, that of the environment counts.
    type: dict
    suboptions:
      http:
        description: As O(flotilla.eks.hybrid_node_proxy#module:http).
        type: str
        default: ""
      https:
        description: As O(flotilla.eks.hybrid_node_proxy#module:https).
        type: str
        default: ""
      no_proxy:
        description: As O(flotilla.eks.hybrid_node_proxy#module:no_proxy).
        type: list
        elements: str
        default: []
  endpoints:
    description:
      - Addresses that the host has to reach beside the endpoint of the cluster, by the proxy if there is one. Any
        answer will do that is not the proxy's own.
      - Omitted, these are O(releases), O(manifest), the services of AWS that its credential provider needs, in the
        region of the cluster, and with V(ssm) the bucket of the region that the agent comes from, whatever O(manifest)
        says.
    type: list
    elements: str
  skip_checks:
    description:
      - Names of checks to leave out. They are reported in RV(skipped_checks).
      - V(privileges), root; V(systemd); V(system), one that nodeadm knows; V(architecture); V(containerd_source), there
        is one for the system; V(memory), 1 GiB; V(disk), 5 GiB free below C(/usr) and C(/var/lib); V(cgroup), version 2
        where the kubelet needs it; V(swap), none on a partition; V(time), it is synchronized; V(hostname), a valid one;
        V(limits), 1024 open files and 4096 processes at least; V(packages), none that is installed to the half;
        V(busy), nobody else makes a node of the host; V(proxy), it answers, its variables agree, and nothing on the
        host names another; V(private_mode), packages and list of releases are there; V(reach), all of O(endpoints)
        answer; V(firewall), ufw or firewalld lets the network of pods through; V(inbound), without these, iptables lets
        the control plane in to the kubelet; V(ports), those of the kubelet and of the network of pods are free; V(mtu),
        up to 1500, or jumbo frames.
      - V(cluster), it is active; V(authentication), it knows access entries; V(version_skew), the kubelet is not newer
        than the cluster, and at most three minor versions older; V(node_ip), the address of the host is in a remote
        node network of the cluster; V(overlap), neither it nor a network of the host overlaps VPC, services or pods of
        the cluster; V(node_name), a valid one; V(taken), no other node that is ready has the address or the name;
        V(endpoint), it answers with a certificate of the cluster; V(other_cluster), the
        kubelet was not configured for another one; V(other_kubernetes), no kubeadm, k3s or the like is there;
        V(provider), no other credential provider is installed; V(credentials), root has none of AWS that would be
        overwritten.
    type: list
    elements: str
    choices:
      - privileges
      - systemd
      - system
      - architecture
      - containerd_source
      - memory
      - disk
      - cgroup
      - swap
      - time
      - hostname
      - limits
      - packages
      - busy
      - proxy
      - private_mode
      - reach
      - firewall
      - inbound
      - ports
      - mtu
      - cluster
      - authentication
      - version_skew
      - node_ip
      - overlap
      - node_name
      - taken
      - endpoint
      - other_cluster
      - other_kubernetes
      - provider
      - credentials
    default: []
  state:
    description: With V(absent), the host is to leave its cluster. Few checks matter then.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Only looks, in check mode as well as outside it.
  diff_mode:
    support: N/A
    description: Changes nothing, so there is nothing to show.
  idempotent:
    support: full
    description: Changes nothing.
seealso:
  - module: flotilla.eks.hybrid_node_install
  - module: flotilla.eks.hybrid_node
  - module: flotilla.eks.bootstrap_info
"""

EXAMPLES = r"""
---
- name: See what the cluster asks of its nodes
  flotilla.eks.bootstrap_info:
    cluster_name: prod
    on_premises: true
    region: eu-central-1
  delegate_to: localhost
  register: bootstrap

- name: Look for all that keeps the host from joining
  flotilla.eks.hybrid_node_preflight:
    cluster: "{{ bootstrap.cluster }}"
    version: "1.34"
    nodes: "{{ bootstrap.nodes }}"
    vpc_cidrs: "{{ bootstrap.vpc_cidrs }}"
  become: true
"""

RETURN = r"""
---
findings:
  description: What is wrong. If there is anything, the module fails with a message of them all.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: Name of the check.
      type: str
      sample: swap
    problem:
      description: What is wrong, with what was found.
      type: str
      sample: there is swap on /dev/sda3
    fix:
      description: What to do.
      type: str
      sample: "nodeadm can only turn off swap in files: swapoff --all, and take these lines out of /etc/fstab"
passed:
  description: Names of the checks that found nothing wrong.
  returned: always
  type: list
  elements: str
  sample: [privileges, systemd, system]
skipped_checks:
  description: Those of O(skip_checks).
  returned: always
  type: list
  elements: str
  sample: []
unknown:
  description: Names of the checks that could not be made, each with what nobody can tell.
  returned: always
  type: dict
  sample: {time: whether the clock is synchronized}
installed:
  description: Whether nodeadm has installed all that a node needs.
  returned: always
  type: bool
  sample: true
instance_id:
  description: What Systems Manager knows the host by; empty if it is not registered.
  returned: always
  type: str
  sample: mi-0a1b2c3d4e5f60718
node_ip:
  description: Address that the node is to have, or has; empty if nobody can tell.
  returned: always
  type: str
  sample: 10.80.0.5
wanted_name:
  description: O(node_name).
  returned: always
  type: str
  sample: edge-1
node_name:
  description: Name of the Node that the kubelet was last configured as; empty if it never was.
  returned: always
  type: str
  sample: mi-0a1b2c3d4e5f60718
kubelet_version:
  description: Version of its kubelet.
  returned: always
  type: str
  sample: v1.34.1-eks-99d6cc0
outdated:
  description: Whether it is installed in another version than O(version).
  returned: always
  type: bool
  sample: false
upgrading:
  description: Whether M(flotilla.eks.hybrid_node) has upgraded it, or begun to, and it does not serve again.
  returned: always
  type: bool
  sample: false
proxied:
  description: Whether M(flotilla.eks.hybrid_node_proxy) has the host use a proxy.
  returned: always
  type: bool
  sample: false
kubelet:
  description: The state of the kubelet's unit, as systemd has it.
  returned: always
  type: str
  sample: active
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.preflight_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
