#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: certificate_authority_info
version_added: 0.1.0
short_description: Facts about the certificate authorities of Amazon EKS clusters
description:
  - Describes the certificate authorities of an EKS cluster, the one that signs and, during a rotation, the other one.
author: flotilla.eks contributors (!UNKNOWN)
options: {}
seealso:
  - module: flotilla.eks.certificate_authority
extends_documentation_fragment:
  - flotilla.eks.attributes.info
  - flotilla.eks.in_cluster
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: The certificate authorities of a cluster
  flotilla.eks.certificate_authority_info:
    cluster_name: prod
  register: prod

- name: How long the one that signs is valid
  ansible.builtin.debug:
    msg: "{{ item.id }} until {{ item.validity.not_after }}"
  loop: "{{ prod.certificate_authorities | selectattr('signing_status', 'equalto', 'IN_USE') }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
---
certificate_authorities:
  description: The certificate authorities, the oldest first.
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
"""

from ansible_collections.flotilla.eks.plugins.module_utils._authorities import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
