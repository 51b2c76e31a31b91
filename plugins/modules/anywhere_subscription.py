#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: anywhere_subscription
version_added: 0.1.0
short_description: Subscriptions of Amazon EKS Anywhere
description:
  - Buys a subscription of EKS Anywhere, says whether it is renewed, and deletes it when it is over.
  - To buy one is a contract over its whole term. The module does not, unless O(confirm_commitment=true), and says what
    would be bought. The same holds for switching the renewal on.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the subscription, unique in account and region.
      - AWS takes the name and tells it to nobody. The module keeps it in the tag C(flotilla.eks/subscription), set with
        the creation and never purged, and finds the subscription by it. To manage one that was bought otherwise, give
        it that tag. A name that is taken is refused by AWS, so nothing is bought twice under it.
    type: str
    required: true
  term:
    description: For how long it is bought. Needed to buy one. It cannot be changed.
    type: dict
    suboptions:
      duration:
        description: V(12) or V(36).
        type: int
      unit:
        description: Months is all there is, said or not.
        type: str
        choices: [MONTHS]
  license_quantity:
    description: How many licenses are bought, 1 to 100, one for each cluster. Needed to buy one. It cannot be changed.
    type: int
  license_type:
    description: What a license is for. It cannot be changed.
    type: str
    choices: [Cluster]
  auto_renew:
    description: Whether it is renewed at the end of its term. Omitted at creation, it is not.
    type: bool
  confirm_commitment:
    description:
      - Has to be V(true) for a task that buys a subscription or switches its renewal on. Otherwise such a task fails,
        in check mode as well, and says what it would commit you to.
    type: bool
  wait_timeout:
    default: 1200
notes:
  - Only an expired subscription can be deleted. Within 7 days of the purchase, AWS Support can cancel it.
  - Licenses are returned without their tokens, which are secret. AWS License Manager has them.
seealso:
  - module: flotilla.eks.anywhere_subscription_info
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.state
  - flotilla.eks.settling
  - flotilla.eks.tags
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: Buy support for two clusters
  flotilla.eks.anywhere_subscription:
    name: support
    term:
      duration: 12
    license_quantity: 2
    confirm_commitment: true
    tags:
      Team: platform

- name: What would it mean to have it renewed?
  flotilla.eks.anywhere_subscription:
    name: support
    auto_renew: true
    confirm_commitment: true
  check_mode: true
  diff: true

- name: Hand it over to another team
  flotilla.eks.anywhere_subscription:
    name: support
    tags:
      Team: edge

- name: Delete the one that has expired
  flotilla.eks.anywhere_subscription:
    name: support-2025
    state: absent
"""

RETURN = r"""
---
id:
  description: Id of the subscription.
  returned: if the subscription exists afterwards
  type: str
  sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
arn:
  description: ARN of the subscription.
  returned: if the subscription exists afterwards
  type: str
  sample: >-
    arn:aws:eks:eu-central-1:123456789012:eks-anywhere-subscription/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
created_at:
  description: When it was created, in ISO 8601.
  returned: if the subscription exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
effective_date:
  description: When it began, in ISO 8601.
  returned: once it has begun
  type: str
  sample: "2026-03-02T08:16:30.250000+00:00"
expiration_date:
  description: When it ends or is renewed, in ISO 8601.
  returned: once it has begun
  type: str
  sample: "2027-03-02T08:16:30.250000+00:00"
term:
  description: For how long it was bought.
  returned: if the subscription exists afterwards
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
  returned: if the subscription exists afterwards
  type: int
  sample: 2
license_type:
  description: What a license is for.
  returned: if the subscription exists afterwards
  type: str
  sample: Cluster
license_arns:
  description: ARNs of the licenses in AWS License Manager.
  returned: if the subscription exists afterwards
  type: list
  elements: str
licenses:
  description: The licenses, without their tokens, which are secret.
  returned: if the subscription exists afterwards
  type: list
  elements: dict
  contains:
    id:
      description: Id of the license.
      type: str
status:
  description: V(CREATING), V(ACTIVE), V(UPDATING), V(EXPIRING), V(EXPIRED) or V(DELETING).
  returned: if the subscription exists afterwards
  type: str
  sample: ACTIVE
auto_renew:
  description: Whether it is renewed at its end.
  returned: if the subscription exists afterwards
  type: bool
  sample: false
tags:
  description: The tags, with keys as they are.
  returned: if the subscription exists afterwards
  type: dict
  sample:
    Team: platform
    flotilla.eks/subscription: support
changes:
  description: What was done, or in check mode would be done, one item for each call of AWS, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description:
        - What kind of change it is, V(create), V(update), V(tag), V(untag), V(attach), V(detach) or V(delete).
      type: str
    operation:
      description: The operation of the EKS API.
      type: str
    fields:
      description:
        - The options whose values it changes. For a deletion that is part of a replacement, the reasons for it.
      type: list
      elements: str
  sample:
    - action: tag
      operation: TagResource
      fields: [tags.CostCenter]
diff:
  description: The fields that change.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: Their values before.
      type: dict
    after:
      description: Their values afterwards.
      type: dict
    before_header:
      description: The resource that they belong to.
      type: str
    after_header:
      description: The resource that they belong to.
      type: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run
from ansible_collections.flotilla.eks.plugins.module_utils._resources.anywhere_subscription import ANYWHERE_SUBSCRIPTION


def main() -> None:
    run(ANYWHERE_SUBSCRIPTION)


if __name__ == "__main__":
    main()
