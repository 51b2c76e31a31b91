#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_activation
version_added: 0.1.0
short_description: Hybrid activations, with which on-premises hosts register with Systems Manager
description:
  - Makes the hybrid activation with which on-premises hosts get AWS credentials, so that they can become nodes of a
    cluster, and removes it.
  - The code of an activation is a secret that AWS tells once. What another run made can therefore not be used, and the
    task says how many hosts still have to register. With none, it makes nothing. In one run, make the activation, let
    the hosts register, and remove it.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - What the activation is found by. Activations have no names of their own, so a tag holds it,
        C(flotilla.eks/activation), which AWS copies to the hosts that register.
      - Several activations may have the same name, as two runs may make one each at the same time.
      - Required with O(state=present).
    type: str
  activation_id:
    description:
      - The id of the activation to remove, with O(state=absent). It leaves those of other runs alone.
    type: str
  registration_limit:
    description:
      - How many hosts have to register, 1000 at most. With V(0), no activation is made.
      - Required with O(state=present).
    type: int
  expires_in:
    description:
      - For how many seconds hosts can register, from a minute to 30 days. AWS would take 24 hours.
      - Hosts that have registered stay so.
    type: int
    default: 3600
  iam_role:
    description:
      - Name of the IAM role that the hosts get credentials of, not its ARN, with the path before it if it has one,
        and 64 characters at most. C(ssm.amazonaws.com) has to be allowed to assume it.
      - Needed to make an activation.
    type: str
  default_instance_name:
    description: What the managed instances are called in Systems Manager.
    type: str
  description:
    description: What the activation is for.
    type: str
  tags:
    description:
      - The tags of the activation, 49 at most, which AWS copies to the hosts that register.
      - M(flotilla.eks.nodes_info) finds the hosts of a cluster by the tag C(EKSClusterARN).
      - Keys that begin with V(aws:) belong to AWS, and cannot be set.
    type: dict
    aliases: [resource_tags]
  state:
    description:
      - With V(present), an activation is made for as many hosts as O(registration_limit) says. Those of the same
        O(name) that let nobody in any more, as they are expired or used up, are removed.
      - With V(absent), the activation of an O(activation_id), or all of a O(name), are removed. Hosts that registered
        with them stay registered.
    type: str
    choices: [present, absent]
    default: present
attributes:
  idempotent:
    support: partial
    details:
      - With O(state=absent), and with O(registration_limit=0), the same task again changes nothing.
      - With more hosts to register, each run makes an activation, as the codes of others cannot be known.
notes:
  - The code is returned by the run that makes the activation, and by no other. So a task that makes one must have
    C(no_log=true), without which it is refused before anything is written. C(register) gets the code all the same.
  - If a run is interrupted between making the activation and removing it, the activation expires by itself, and a later
    run removes it. The same happens if the answer of AWS with the code is lost.
  - When it expires is measured by the clock of AWS.
seealso:
  - module: flotilla.eks.ssm_activation_info
  - module: flotilla.eks.ssm_managed_instance
  - name: Hybrid nodes
    description: How on-premises hosts become nodes of a cluster.
    link: https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-creds.html
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
  flotilla.eks.ssm_activation:
    name: edge-join
    registration_limit: 3
    iam_role: prod-hybrid
  no_log: true
  check_mode: true
  diff: true

- name: Let three hosts register within half an hour
  flotilla.eks.ssm_activation:
    name: edge-join
    registration_limit: 3
    expires_in: 1800
    iam_role: prod-hybrid
    tags:
      EKSClusterARN: arn:aws:eks:eu-central-1:123456789012:cluster/prod
  no_log: true  # The result holds the activation code.
  register: activation

- name: Remove it when they have
  flotilla.eks.ssm_activation:
    activation_id: "{{ activation.activation_id }}"
    state: absent
"""

RETURN = r"""
---
activation_code:
  description: The code that hosts register with, a secret.
  returned: when the task has made an activation
  type: str
activation_id:
  description: The id that hosts register with, beside the code.
  returned: when the task has made an activation
  type: str
  sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
name:
  description: The name, which a tag holds. It is null for activations that this collection did not make.
  returned: when the task has made an activation
  type: str
  sample: edge-join
iam_role:
  description: Name of the IAM role that the hosts get credentials of.
  returned: when the task has made an activation
  type: str
  sample: prod-hybrid
registration_limit:
  description: How many hosts can register with it.
  returned: when the task has made an activation
  type: int
  sample: 3
registrations_count:
  description: How many hosts have registered with it.
  returned: when the task has made an activation
  type: int
  sample: 0
expiration_date:
  description: Until when hosts can register, in ISO 8601.
  returned: when the task has made an activation
  type: str
  sample: "2026-03-02T09:15:30+00:00"
expired:
  description: Whether that time is over.
  returned: when the task has made an activation
  type: bool
  sample: false
created_date:
  description: When it was made, in ISO 8601.
  returned: when the task has made an activation
  type: str
  sample: "2026-03-02T08:15:30+00:00"
description:
  description: What it is for.
  returned: when the task has made an activation, and it has one
  type: str
  sample: Servers of the north site
default_instance_name:
  description: What the managed instances are called in Systems Manager.
  returned: when the task has made an activation, and it has one
  type: str
  sample: edge
tags:
  description: The tags, with keys as they are. Hosts that register get them, too.
  returned: when the task has made an activation
  type: dict
  sample:
    flotilla.eks/activation: edge-join
changes:
  description: What was done, or in check mode would be done, one item for each call of AWS, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(create) or V(delete).
      type: str
      sample: create
    operation:
      description: The operation of the API of Systems Manager.
      type: str
      sample: CreateActivation
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

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.activations_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
