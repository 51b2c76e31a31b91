#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: anywhere_subscription_info
version_added: 0.1.0
short_description: Facts about subscriptions of Amazon EKS Anywhere
description:
  - Describes one subscription of EKS Anywhere, or all of the region. Several are read at the same time.
  - The tokens of the licenses are not told.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the subscription, as its tag C(flotilla.eks/subscription) has it. Omitted, all subscriptions of the
        region are described, with the tag or without.
      - One that does not exist gives an empty list, and no error.
    type: str
seealso:
  - module: flotilla.eks.anywhere_subscription
extends_documentation_fragment:
  - flotilla.eks.attributes.info
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: All subscriptions
  flotilla.eks.anywhere_subscription_info:
  register: region

- name: Which end without a renewal
  ansible.builtin.debug:
    msg: "{{ item.id }} ends on {{ item.expiration_date }}"
  loop: "{{ region.anywhere_subscriptions | rejectattr('auto_renew') }}"
  loop_control:
    label: "{{ item.id }}"

- name: One subscription
  flotilla.eks.anywhere_subscription_info:
    name: support
"""

RETURN = r"""
---
anywhere_subscriptions:
  description: The subscriptions, in the order in which EKS lists them. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the subscription.
      type: str
      sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    arn:
      description: ARN of the subscription.
      type: str
      sample: >-
        arn:aws:eks:eu-central-1:123456789012:eks-anywhere-subscription/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    created_at:
      description: When it was created, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    effective_date:
      description: When it began, in ISO 8601.
      type: str
      sample: "2026-03-02T08:16:30.250000+00:00"
    expiration_date:
      description: When it ends or is renewed, in ISO 8601.
      type: str
      sample: "2027-03-02T08:16:30.250000+00:00"
    term:
      description: For how long it was bought.
      type: dict
      contains:
        duration:
          description: How many.
          type: int
          sample: 12
        unit:
          description: Of what.
          type: str
          sample: MONTHS
    license_quantity:
      description: How many licenses it has.
      type: int
      sample: 2
    license_type:
      description: What a license is for.
      type: str
      sample: Cluster
    license_arns:
      description: ARNs of the licenses in AWS License Manager.
      type: list
      elements: str
    licenses:
      description: The licenses, without their tokens, which are secret.
      type: list
      elements: dict
      contains:
        id:
          description: Id of the license.
          type: str
    status:
      description: V(CREATING), V(ACTIVE), V(UPDATING), V(EXPIRING), V(EXPIRED) or V(DELETING).
      type: str
      sample: ACTIVE
    auto_renew:
      description: Whether it is renewed at its end.
      type: bool
      sample: false
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        Team: platform
        flotilla.eks/subscription: support
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.anywhere_subscription import ANYWHERE_SUBSCRIPTION


def main() -> None:
    run_info(ANYWHERE_SUBSCRIPTION)


if __name__ == "__main__":
    main()
