#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_managed_instance
version_added: 0.1.0
short_description: Deregister on-premises hosts from Systems Manager
description:
  - Takes an on-premises host from those that Systems Manager manages. The host need not be reachable, so this is for
    hosts that are dead. One that is alive deregisters itself when the node is uninstalled from it.
  - Hosts are registered from the host itself, with an activation of M(flotilla.eks.ssm_activation).
author: flotilla.eks contributors (!UNKNOWN)
options:
  instance_id:
    description:
      - The id of the managed instance, V(mi-) and 17 hexadecimal digits, which is also the name of its node.
      - EC2 instances cannot be deregistered.
    type: str
    required: true
  state:
    description: With V(absent), the host is deregistered. It is no error if it is not registered.
    type: str
    choices: [absent]
    default: absent
notes:
  - A host that is deregistered gets no more credentials, so that its kubelet is soon shut out of the cluster. Its Node
    stays until somebody deletes it.
  - To register it again takes an activation that still lets hosts in.
seealso:
  - module: flotilla.eks.ssm_managed_instance_info
  - module: flotilla.eks.ssm_activation
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: What would be done
  flotilla.eks.ssm_managed_instance:
    instance_id: mi-0a1b2c3d4e5f60718
  check_mode: true
  diff: true

- name: Deregister a host that is dead
  flotilla.eks.ssm_managed_instance:
    instance_id: mi-0a1b2c3d4e5f60718
    state: absent
"""

RETURN = r"""
---
changes:
  description: What was done, or in check mode would be done, one item for each call of AWS, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(delete).
      type: str
      sample: delete
    operation:
      description: The operation of the API of Systems Manager.
      type: str
      sample: DeregisterManagedInstance
    fields:
      description: What it changes.
      type: list
      elements: str
diff:
  description: What changes, before and after.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: Before.
      type: dict
    after:
      description: After.
      type: dict
    before_header:
      description: What it is about.
      type: str
    after_header:
      description: What it is about.
      type: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.managed_instances_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
