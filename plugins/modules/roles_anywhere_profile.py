#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: roles_anywhere_profile
version_added: 0.1.0
short_description: Profiles of IAM Roles Anywhere
description:
  - Tells IAM Roles Anywhere which roles on-premises hosts may have that come with a certificate, for how long, and what
    of the roles.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the profile, by which it is found. It cannot be changed.
      - AWS lets several profiles have one name. Then the task fails, as it cannot know which is meant.
    type: str
    required: true
  role_arns:
    description:
      - ARNs of the roles that hosts may have. C(rolesanywhere.amazonaws.com) has to be allowed to assume them.
      - Needed to make the profile.
    type: list
    elements: str
  enabled:
    description:
      - Whether hosts get credentials by it. AWS makes profiles that give nobody any, unless this is V(true).
    type: bool
  accept_role_session_name:
    description:
      - Whether hosts may choose the name of their session. Nodes of a cluster must, as it is the name of the node. The
        trust policy of the role should say that it is the common name of the certificate.
    type: bool
  duration_seconds:
    description: For how many seconds credentials are valid, from 900 to 43200.
    type: int
  managed_policy_arns:
    description: ARNs of policies that say what hosts may do at most, whatever the role may.
    type: list
    elements: str
  session_policy:
    description:
      - A policy that says what hosts may do at most, whatever the role may, as data, JSON or YAML.
      - AWS lets it be changed, but not taken away.
    type: raw
  require_instance_properties:
    description: Reserved by AWS. It cannot be changed.
    type: bool
  attribute_mappings:
    description:
      - What of a certificate becomes tags of the session. Rules of the fields that are named are added and removed.
    type: list
    elements: dict
    suboptions:
      certificate_field:
        description: The field of the certificate.
        type: str
        required: true
        choices: [x509Subject, x509Issuer, x509SAN]
      mapping_rules:
        description: The parts of it, all of them.
        type: list
        required: true
        elements: dict
        suboptions:
          specifier:
            description: A part, such as V(CN), V(OU) or V(DNS), or V(*) for all.
            type: str
            required: true
  purge_attribute_mappings:
    description: Whether the rules of fields that O(attribute_mappings) does not name are removed.
    type: bool
    default: false
  alias_name:
    description: An alias of the profile. With an empty string, it has none.
    type: str
  tags:
    description:
      - The tags of the profile, 50 at most.
      - Omitted, they are left alone. With V({}) all are removed, unless O(purge_tags=false).
      - Keys that begin with V(aws:) belong to AWS. They cannot be set, and are never removed.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed. Without O(tags), it has no effect.
    type: bool
    default: true
notes:
  - The trust policy of the role of nodes needs the tag C(x509Subject/CN), which AWS maps unless told otherwise. Do not
    remove its rule.
seealso:
  - module: flotilla.eks.roles_anywhere_profile_info
  - module: flotilla.eks.roles_anywhere_trust_anchor
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.state
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: What would be done
  flotilla.eks.roles_anywhere_profile:
    name: edge
    role_arns:
      - arn:aws:iam::123456789012:role/prod-hybrid
    enabled: true
  check_mode: true
  diff: true

- name: Let hosts with certificates have the role of on-premises nodes
  flotilla.eks.roles_anywhere_profile:
    name: edge
    role_arns:
      - arn:aws:iam::123456789012:role/prod-hybrid
    enabled: true
    accept_role_session_name: true
    duration_seconds: 3600
    tags:
      Team: platform
  register: profile

- name: Map the common name and the unit, and nothing else of the subject
  flotilla.eks.roles_anywhere_profile:
    name: edge
    attribute_mappings:
      - certificate_field: x509Subject
        mapping_rules:
          - specifier: CN
          - specifier: OU

- name: Remove it
  flotilla.eks.roles_anywhere_profile:
    name: edge
    state: absent
"""

RETURN = r"""
---
profile_id:
  description: The id of the profile.
  returned: if the profile exists afterwards
  type: str
  sample: 2b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
profile_arn:
  description: The ARN of the profile, which hosts name.
  returned: if the profile exists afterwards
  type: str
  sample: arn:aws:rolesanywhere:eu-central-1:123456789012:profile/2b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
name:
  description: The name of the profile.
  returned: if the profile exists afterwards
  type: str
  sample: edge
require_instance_properties:
  description: Reserved by AWS.
  returned: if AWS tells it
  type: bool
  sample: false
enabled:
  description: Whether hosts get credentials by it.
  returned: if the profile exists afterwards
  type: bool
  sample: true
created_by:
  description: The account that made it.
  returned: if the profile exists afterwards
  type: str
  sample: "123456789012"
session_policy:
  description: What hosts may do at most.
  returned: if it has one
  type: dict
role_arns:
  description: The roles that hosts may have.
  returned: if the profile exists afterwards
  type: list
  elements: str
  sample: [arn:aws:iam::123456789012:role/prod-hybrid]
managed_policy_arns:
  description: The policies that say what hosts may do at most.
  returned: if the profile exists afterwards
  type: list
  elements: str
created_at:
  description: When it was made, in ISO 8601.
  returned: if the profile exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
updated_at:
  description: When it was last changed, in ISO 8601.
  returned: if the profile exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
duration_seconds:
  description: For how long credentials are valid.
  returned: if the profile exists afterwards
  type: int
  sample: 3600
accept_role_session_name:
  description: Whether hosts may choose the name of their session.
  returned: if the profile exists afterwards
  type: bool
  sample: true
attribute_mappings:
  description: What of a certificate becomes tags of the session.
  returned: if the profile exists afterwards
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
  returned: if the profile exists afterwards
  type: dict
  sample: {Team: platform}
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
      description: The operation of the API of IAM Roles Anywhere.
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.roles_anywhere_profile import PROFILE


def main() -> None:
    run(PROFILE)


if __name__ == "__main__":
    main()
