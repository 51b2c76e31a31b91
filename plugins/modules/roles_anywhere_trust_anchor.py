#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: roles_anywhere_trust_anchor
version_added: 0.1.0
short_description: Trust anchors of IAM Roles Anywhere
description:
  - Tells IAM Roles Anywhere which certificate authority to trust, so that on-premises hosts with its certificates get
    the credentials of a role, and can become nodes of a cluster.
  - Make the trust anchor first, then the role, whose trust policy names its ARN, then the profile with
    M(flotilla.eks.roles_anywhere_profile).
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the trust anchor, by which it is found. It cannot be changed.
      - AWS lets several trust anchors have one name. Then the task fails, as it cannot know which is meant.
    type: str
    required: true
  source:
    description:
      - Whose certificates let hosts in. Needed to make the trust anchor.
    type: dict
    suboptions:
      source_type:
        description: The kind of certificate authority. Omitted, it follows from what O(source.source_data) gives.
        type: str
        choices: [CERTIFICATE_BUNDLE, AWS_ACM_PCA, SELF_SIGNED_REPOSITORY]
      source_data:
        description: The certificate authority.
        type: dict
        suboptions:
          x509_certificate_data:
            description:
              - The certificates of the authority, in PEM. During its renewal, the old one and the new one.
              - Compared certificate by certificate. What stands around them, and in which order, makes no difference.
              - Mutually exclusive with O(source.source_data.acm_pca_arn).
            type: str
          acm_pca_arn:
            description: The ARN of an authority in AWS Private CA.
            type: str
  enabled:
    description:
      - Whether hosts are let in by it. AWS makes trust anchors that let nobody in, unless this is V(true).
    type: bool
  crl_dp_revocation_enabled:
    description: Whether it looks up revocation lists where the certificates say that they are.
    type: bool
  notification_settings:
    description: Of what AWS gives notice, by CloudWatch and others. Events that are not named are left alone.
    type: list
    elements: dict
    suboptions:
      event:
        description: What it gives notice of.
        type: str
        required: true
        choices: [CA_CERTIFICATE_EXPIRY, END_ENTITY_CERTIFICATE_EXPIRY]
      enabled:
        description: Whether it does.
        type: bool
        required: true
      threshold:
        description: How many days before, from 1 to 360. Required where O(notification_settings[].enabled=true).
        type: int
      channel:
        description: By which channels.
        type: str
        choices: [ALL]
  alias_name:
    description: An alias of the trust anchor. With an empty string, it has none.
    type: str
  tags:
    description:
      - The tags of the trust anchor, 50 at most.
      - Omitted, they are left alone. With V({}) all are removed, unless O(purge_tags=false).
      - Keys that begin with V(aws:) belong to AWS. They cannot be set, and are never removed.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed. Without O(tags), it has no effect.
    type: bool
    default: true
notes:
  - No private key is needed or sent. Keep those of the authority and of the hosts where they are.
  - The region of the trust anchor and of the profile is that of the cluster.
seealso:
  - module: flotilla.eks.roles_anywhere_trust_anchor_info
  - module: flotilla.eks.roles_anywhere_profile
  - name: Hybrid nodes
    description: How on-premises hosts become nodes of a cluster.
    link: https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-creds.html
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
  flotilla.eks.roles_anywhere_trust_anchor:
    name: edge
    source:
      source_data:
        x509_certificate_data: "{{ lookup('ansible.builtin.file', '/run/deploy/ca.pem') }}"
    enabled: true
  check_mode: true
  diff: true

- name: Trust the certificate authority of the site
  flotilla.eks.roles_anywhere_trust_anchor:
    name: edge
    source:
      source_data:
        x509_certificate_data: "{{ lookup('ansible.builtin.file', '/run/deploy/ca.pem') }}"
    enabled: true
    notification_settings:
      - event: CA_CERTIFICATE_EXPIRY
        enabled: true
        threshold: 90
    tags:
      Team: platform
  register: anchor

- name: Let nobody in for now
  flotilla.eks.roles_anywhere_trust_anchor:
    name: edge
    enabled: false

- name: Remove it
  flotilla.eks.roles_anywhere_trust_anchor:
    name: edge
    state: absent
"""

RETURN = r"""
---
trust_anchor_id:
  description: The id of the trust anchor.
  returned: if the trust anchor exists afterwards
  type: str
  sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
trust_anchor_arn:
  description: The ARN of the trust anchor, which the trust policies of roles name.
  returned: if the trust anchor exists afterwards
  type: str
  sample: arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
name:
  description: The name of the trust anchor.
  returned: if the trust anchor exists afterwards
  type: str
  sample: edge
source:
  description: Whose certificates it stands for.
  returned: if the trust anchor exists afterwards
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
  returned: if the trust anchor exists afterwards
  type: bool
  sample: true
crl_dp_revocation_enabled:
  description: Whether it looks up revocation lists where certificates say that they are.
  returned: if AWS tells it
  type: bool
  sample: false
created_at:
  description: When it was made, in ISO 8601.
  returned: if the trust anchor exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
updated_at:
  description: When it was last changed, in ISO 8601.
  returned: if the trust anchor exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
notification_settings:
  description: Of what AWS gives notice, for events that nobody configured, too.
  returned: if the trust anchor exists afterwards
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
  returned: if the trust anchor exists afterwards
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
        - What kind of change it is, V(create), V(update), V(tag), V(untag) or V(delete).
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.roles_anywhere_trust_anchor import TRUST_ANCHOR


def main() -> None:
    run(TRUST_ANCHOR)


if __name__ == "__main__":
    main()
