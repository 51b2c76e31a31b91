#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: roles_anywhere_profile_info
version_added: 0.1.0
short_description: Facts about profiles of IAM Roles Anywhere
description:
  - Describes one profile of a region, or all of them. Several are read at the same time.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the profile. Omitted, all profiles of the region are described.
      - One that does not exist gives an empty list, and no error.
    type: str
seealso:
  - module: flotilla.eks.roles_anywhere_profile
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

- name: All profiles
  flotilla.eks.roles_anywhere_profile_info:
  register: region

- name: Which are not in use
  ansible.builtin.debug:
    msg: "{{ region.roles_anywhere_profiles | rejectattr('enabled') | map(attribute='name') }}"
"""

RETURN = r"""
---
roles_anywhere_profiles:
  description: The profiles.
  returned: always
  type: list
  elements: dict
  contains:
    profile_id:
      description: The id of the profile.
      type: str
      sample: 2b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    profile_arn:
      description: The ARN of the profile, which hosts name.
      type: str
      sample: arn:aws:rolesanywhere:eu-central-1:123456789012:profile/2b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    name:
      description: The name of the profile.
      type: str
      sample: edge
    require_instance_properties:
      description: Reserved by AWS.
      returned: if AWS tells it
      type: bool
      sample: false
    enabled:
      description: Whether hosts get credentials by it.
      type: bool
      sample: true
    created_by:
      description: The account that made it.
      type: str
      sample: "123456789012"
    session_policy:
      description: What hosts may do at most.
      returned: if it has one
      type: dict
    role_arns:
      description: The roles that hosts may have.
      type: list
      elements: str
      sample: [arn:aws:iam::123456789012:role/prod-hybrid]
    managed_policy_arns:
      description: The policies that say what hosts may do at most.
      type: list
      elements: str
    created_at:
      description: When it was made, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    updated_at:
      description: When it was last changed, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    duration_seconds:
      description: For how long credentials are valid.
      type: int
      sample: 3600
    accept_role_session_name:
      description: Whether hosts may choose the name of their session.
      type: bool
      sample: true
    attribute_mappings:
      description: What of a certificate becomes tags of the session.
      type: list
      elements: dict
      contains:
        certificate_field:
          description: The field of the certificate.
          type: str
          sample: x509Subject
        mapping_rules:
          description: The parts of it.
          type: list
          elements: dict
          contains:
            specifier:
              description: A part, or all with an asterisk.
              type: str
              sample: "*"
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.roles_anywhere_profile import PROFILE


def main() -> None:
    run_info(PROFILE)


if __name__ == "__main__":
    main()
