#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: roles_anywhere_trust_anchor_info
version_added: 0.1.0
short_description: Facts about trust anchors of IAM Roles Anywhere
description:
  - Describes one trust anchor of a region, or all of them. Several are read at the same time.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the trust anchor. Omitted, all trust anchors of the region are described.
      - One that does not exist gives an empty list, and no error.
    type: str
seealso:
  - module: flotilla.eks.roles_anywhere_trust_anchor
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

- name: All trust anchors
  flotilla.eks.roles_anywhere_trust_anchor_info:
  register: region

- name: Which are not in use
  ansible.builtin.debug:
    msg: "{{ region.roles_anywhere_trust_anchors | rejectattr('enabled') | map(attribute='name') }}"
"""

RETURN = r"""
---
roles_anywhere_trust_anchors:
  description: The trust anchors.
  returned: always
  type: list
  elements: dict
  contains:
    trust_anchor_id:
      description: The id of the trust anchor.
      type: str
      sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    trust_anchor_arn:
      description: The ARN of the trust anchor, which the trust policies of roles name.
      type: str
      sample: arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    name:
      description: The name of the trust anchor.
      type: str
      sample: edge
    source:
      description: Whose certificates it stands for.
      type: dict
      contains:
        source_type:
          description: The kind of certificate authority.
          type: str
          sample: CERTIFICATE_BUNDLE
        source_data:
          description: The certificate authority.
          type: dict
          contains:
            x509_certificate_data:
              description: The certificates of the authority, in PEM.
              type: str
            acm_pca_arn:
              description: The ARN of the authority in AWS Private CA.
              type: str
    enabled:
      description: Whether hosts are let in by it.
      type: bool
      sample: true
    crl_dp_revocation_enabled:
      description: Whether it looks up revocation lists where certificates say that they are.
      returned: if AWS tells it
      type: bool
      sample: false
    created_at:
      description: When it was made, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    updated_at:
      description: When it was last changed, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    notification_settings:
      description: Of what AWS gives notice, for events that nobody configured, too.
      type: list
      elements: dict
      contains:
        event:
          description: What it gives notice of.
          type: str
          sample: CA_CERTIFICATE_EXPIRY
        enabled:
          description: Whether it does.
          type: bool
          sample: true
        threshold:
          description: How many days before.
          type: int
          sample: 45
        channel:
          description: By which channels.
          type: str
          sample: ALL
        configured_by:
          description: Who configured it, an account or the service.
          type: str
          sample: rolesanywhere.amazonaws.com
    alias_name:
      description: The alias.
      returned: if it has one
      type: str
      sample: edge
    alias_arn:
      description: The ARN of the alias.
      returned: if it has one
      type: str
    previous_alias_name:
      description: The alias that it had before.
      returned: if AWS tells it
      type: str
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample: {Team: platform}
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.roles_anywhere_trust_anchor import TRUST_ANCHOR


def main() -> None:
    run_info(TRUST_ANCHOR)


if __name__ == "__main__":
    main()
