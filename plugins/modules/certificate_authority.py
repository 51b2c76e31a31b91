#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: certificate_authority
version_added: 0.1.0
short_description: Rotation of the certificate authority of Amazon EKS clusters
description:
  - Takes the certificate authority that signs for a cluster out, in three steps. A successor is made, which the cluster
    trusts from then on; the successor becomes the signer; the outgoing one is deleted.
  - Between the steps there is work that only you can do, on the nodes, kubeconfigs and pods that trust the outgoing
    one alone. The result says what, in RV(left_to_do).
  - The rotation is named by the certificate authority that goes. So each step is taken once, a task that was
    interrupted goes on where it stopped, and the same task again changes nothing.
author: flotilla.eks contributors (!UNKNOWN)
options:
  outgoing:
    description:
      - Id of the certificate authority that is to go. The one that signs now is C(certificate_authority.active.id) in
        the result of M(flotilla.eks.cluster_info). Write it down, as it is another one after the rotation.
      - If the cluster has none of this id, it counts as deleted. RV(left_to_do) says so.
    type: str
    required: true
  phase:
    description:
      - How far the rotation is to go. Steps before it that are missing are taken as well.
      - With V(successor), there is a successor, and all that AWS manages trusts it. A successor whose distribution
        failed is deleted and another one made.
      - With V(activated), the successor signs. What does not trust it yet loses contact with the cluster.
      - With V(deleted), nothing trusts the outgoing one any more.
      - With V(rolled_back), the outgoing one signs again, for as long as EKS allows it after the activation.
    type: str
    required: true
    choices: [successor, activated, deleted, rolled_back]
  wait:
    description:
      - With V(true), the task ends when the phase is reached.
      - With V(false), the task ends when EKS has accepted the last step. All others are awaited all the same.
    type: bool
    default: true
  wait_timeout:
    description:
      - The longest time that one wait may take, in seconds. Each step is waited for at least once.
      - When it is over, the task fails with the last state seen. What EKS has begun goes on, and running the task
        again waits for the rest of it.
    type: int
    default: 3600
  wait_delay:
    description: The longest pause between two looks, in seconds. The first ones follow each other faster.
    type: int
    default: 15
notes:
  - EKS makes a successor by itself before the certificate authority expires, and activates it if nobody else does.
    Such a successor is taken as it is.
  - A cluster takes one update at a time. If somebody else's is under way, its end is awaited first.
seealso:
  - module: flotilla.eks.certificate_authority_info
  - module: flotilla.eks.kubeconfig
  - module: flotilla.eks.cluster_info
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.in_cluster
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: Which certificate authority signs
  flotilla.eks.cluster_info:
    name: prod
  register: prod

- name: What would the whole rotation be?
  flotilla.eks.certificate_authority:
    cluster_name: prod
    outgoing: "{{ prod.clusters[0].certificate_authority.active.id }}"
    phase: deleted
  check_mode: true
  diff: true

- name: Make a successor
  flotilla.eks.certificate_authority:
    cluster_name: prod
    outgoing: "{{ prod.clusters[0].certificate_authority.active.id }}"
    phase: successor
  register: rotation

- name: What is to be done before it signs
  ansible.builtin.debug:
    var: rotation.left_to_do

- name: Have the successor sign
  flotilla.eks.certificate_authority:
    cluster_name: prod
    outgoing: "{{ prod.clusters[0].certificate_authority.active.id }}"
    phase: activated

- name: Trust the old one no longer
  flotilla.eks.certificate_authority:
    cluster_name: prod
    outgoing: "{{ prod.clusters[0].certificate_authority.active.id }}"
    phase: deleted
"""

RETURN = r"""
---
certificate_authorities:
  description: The certificate authorities of the cluster afterwards, the oldest first. In check mode, those there are.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the certificate authority.
      type: str
      sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    created_at:
      description: When it was created, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    created_by:
      description: Who created it, C(EKS) or C(CUSTOMER).
      type: str
      sample: EKS
    activated_at:
      description: When it last became the signer, in ISO 8601. Missing if it never was.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    activated_by:
      description: Who had it become the signer, C(EKS) or C(CUSTOMER).
      type: str
      sample: EKS
    signing_status:
      description: Whether it signs, V(IN_USE), V(ACTIVATING) or V(NOT_USED).
      type: str
      sample: IN_USE
    distribution_status:
      description: Whether all that AWS manages trusts it, V(IN_PROGRESS), V(COMPLETE), V(FAILED) or V(DELETING).
      type: str
      sample: COMPLETE
    validity:
      description: How long its certificate is valid.
      type: dict
      contains:
        not_before:
          description: From when on, in ISO 8601.
          type: str
        not_after:
          description: Until when, in ISO 8601.
          type: str
          sample: "2036-03-02T08:15:30.250000+00:00"
    scheduled_events:
      description: When EKS has it become the signer if nobody else does.
      type: dict
      contains:
        first_auto_activation:
          description: At the earliest, in ISO 8601.
          type: str
        final_auto_activation:
          description: At the latest, in ISO 8601.
          type: str
    rollback_available:
      description: Whether the one that signed before can still sign again.
      type: bool
      sample: false
    data:
      description: Its certificate, PEM in base64, as kubeconfigs have it.
      type: str
      sample: LS0tLS1CRUdJTi...
left_to_do:
  description: What EKS does not do, and you have to, where the rotation stands now. For people to read.
  returned: always
  type: list
  elements: str
  sample:
    - "pods that have read the trust bundle at their start and do not look again: restart them"
changes:
  description: What was done, or in check mode would be done, one item for each call of AWS, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: What kind of change it is, V(create), V(activate) or V(delete).
      type: str
    operation:
      description: The operation of the EKS API.
      type: str
    fields:
      description: Always empty, as a certificate authority has no options.
      type: list
      elements: str
  sample:
    - action: create
      operation: CreateCertificateAuthority
      fields: []
diff:
  description: The steps.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: Always empty.
      type: dict
    after:
      description: The steps that are taken, if any are.
      type: dict
    before_header:
      description: What is rotated out.
      type: str
    after_header:
      description: What is rotated out.
      type: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._rotation_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
