#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: hybrid_node_proxy
version_added: 0.5.0
short_description: Has a machine on premises use a proxy, in each place where nodeadm demands it
description:
  - Runs on a machine on premises, as root. As soon as the environment of nodeadm names a proxy, it demands that package
    manager, kubelet, containerd and the agent of Systems Manager use the same one, and looks for that in certain files.
    This module writes them, and has the units that run already use it.
  - On Ubuntu, these are C(/etc/apt/apt.conf.d/proxy.conf), and a drop-in of snapd, which fetches the agent; on Red Hat
    Enterprise Linux, a line in C(/etc/yum.conf); on Amazon Linux 2023, a line in C(/etc/dnf/dnf.conf). The units have a
    drop-in C(http-proxy.conf) each, that of containerd below C(/usr/lib/systemd/system), where nodeadm looks for it.
  - The values are in C(/etc/flotilla-eks/proxy.env), which M(flotilla.eks.hybrid_node_install) and
    M(flotilla.eks.hybrid_node) go by, too. systemd shows nobody what is in there, other than what is in drop-ins.
  - An address may have a name and a password in it. Then all these files are for root's eyes only, also that of yum or
    dnf, which for others works no more.
  - What others have written is left alone. If it names another proxy, that is an error, and nothing is changed.
author: flotilla.eks contributors (!UNKNOWN)
options:
  state:
    description: With V(absent), all goes that this module has written, and units do without the proxy.
    type: str
    choices: [present, absent]
    default: present
  http:
    description:
      - Address of the proxy for http, such as V(http://proxy.example.com:3128), or with name and password
        V(http://name:password@proxy.example.com:3128), in which what is special is written as C(%XX). Empty means none.
      - To the proxy itself, hosts speak http. One of O(http) and O(https) is required.
    type: str
    default: ""
  https:
    description: Address of the proxy for https, which begins with C(http://), too. Empty means none.
    type: str
    default: ""
  no_proxy:
    description:
      - What goes by no proxy. Names of hosts, domains with a leading dot, addresses and networks. The filter
        P(flotilla.eks.hybrid_proxy#filter) tells those of a cluster.
    type: list
    elements: str
    default: []
  credential_provider:
    description: By what the host gets credentials of AWS, which decides on the units that go by the proxy.
    type: str
    choices: [ssm, iam_roles_anywhere]
    default: ssm
attributes:
  check_mode:
    support: full
    description: Tells what would be done, and does nothing.
  diff_mode:
    support: none
    description: Differences would show passwords. The result names the files and units.
  idempotent:
    support: full
    description: Units are restarted only if they run with something else.
seealso:
  - module: flotilla.eks.hybrid_node_preflight
  - module: flotilla.eks.hybrid_node_install
  - plugin: flotilla.eks.hybrid_proxy
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Have the host use the proxy
  flotilla.eks.hybrid_node_proxy:
    http: http://proxy.example.com:3128
    https: http://proxy.example.com:3128
    no_proxy: [localhost, 10.100.0.0/16]
  become: true

- name: Have it do without
  flotilla.eks.hybrid_node_proxy:
    state: absent
  become: true
"""

RETURN = r"""
---
written:
  description: The files that were written, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: [/etc/apt/apt.conf.d/proxy.conf, /etc/flotilla-eks/proxy.env]
removed:
  description: The files that were removed, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: []
restarted:
  description: The units that were restarted, or in check mode would be, as they ran with something else.
  returned: always
  type: list
  elements: str
  sample: [containerd.service, kubelet.service]
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
