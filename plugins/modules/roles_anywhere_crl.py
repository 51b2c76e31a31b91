#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: roles_anywhere_crl
version_added: 0.5.0
short_description: Revoke certificates of on-premises hosts in IAM Roles Anywhere
description:
  - Shuts certificates out that would otherwise let hosts have a role until they end. The revocation list is signed by
    the authority of the certificates, and kept in IAM Roles Anywhere alone.
  - The certificates of hosts that are dead are known to IAM Roles Anywhere, which remembers those that it has let in,
    by the names of the hosts (O(common_names)).
  - Certificates stay on the list. What is on it already is not written again.
  - Each change writes the whole list, and AWS has no way to write it only if nobody else has meanwhile. So it is read
    again afterwards, until all that should be there is there.
author: flotilla.eks contributors (!UNKNOWN)
options:
  trust_anchor_arn:
    description: ARN of the trust anchor that lets the hosts in.
    type: str
    required: true
  name:
    description: Name of the list. Lists of other names are left alone, and IAM Roles Anywhere heeds them too.
    type: str
    default: flotilla-eks
  common_names:
    description: Names of hosts. Each of their certificates that IAM Roles Anywhere has seen is revoked.
    type: list
    elements: str
    default: []
  certificates:
    description: Certificates to revoke, in PEM.
    type: list
    elements: str
    default: []
  ca_certificate:
    description:
      - File, where the module runs, with the certificate of the authority in PEM. Of certificates of other authorities,
        those in O(certificates) are told as not revoked, and those of O(common_names) left out.
      - Its key usage has to allow it to sign revocation lists.
    type: path
  ca_key:
    description:
      - File there with its key. Without it, nothing is revoked, and the certificates are only told, with the time until
        which they let hosts in.
    type: path
  ca_passphrase:
    description: Passphrase of that key, if it has one.
    type: str
  tags:
    description: Tags of the list, set when it is made.
    type: dict
    aliases: [resource_tags]
  state:
    description: With V(absent), the list is removed, and the certificates on it let hosts in again.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - cryptography >= 42
seealso:
  - module: flotilla.eks.roles_anywhere_trust_anchor
  - module: community.crypto.x509_certificate_pipe
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
# anchor is what flotilla.eks.roles_anywhere_trust_anchor returned, signed what community.crypto.x509_certificate_pipe
# did.

- name: See which certificates of a host still let it in
  flotilla.eks.roles_anywhere_crl:
    trust_anchor_arn: "{{ anchor.trust_anchor_arn }}"
    common_names: [edge-1]
  register: host

- name: What would be done
  flotilla.eks.roles_anywhere_crl:
    trust_anchor_arn: "{{ anchor.trust_anchor_arn }}"
    common_names: [edge-1]
    certificates: ["{{ signed.certificate }}"]
    ca_certificate: /run/deploy/ca.pem
    ca_key: /run/deploy/ca.key
  check_mode: true
  diff: true

- name: Revoke them, and one that was never used
  flotilla.eks.roles_anywhere_crl:
    trust_anchor_arn: "{{ anchor.trust_anchor_arn }}"
    common_names: [edge-1]
    certificates: ["{{ signed.certificate }}"]
    ca_certificate: /run/deploy/ca.pem
    ca_key: /run/deploy/ca.key

- name: Remove the list, before the trust anchor goes
  flotilla.eks.roles_anywhere_crl:
    trust_anchor_arn: "{{ anchor.trust_anchor_arn }}"
    state: absent
"""

RETURN = r"""
---
certificates:
  description: The certificates of the hosts that have not ended yet.
  returned: always
  type: list
  elements: dict
  contains:
    common_name:
      description: The name of the host.
      type: str
      sample: edge-1
    serial_number:
      description: The serial number, in decimal.
      type: str
      sample: "584392840293840"
    not_after:
      description: When it ends, in ISO 8601.
      type: str
      sample: "2027-03-02T08:15:30+00:00"
    revoked:
      description: Whether it is shut out, or in check mode would be.
      type: bool
      sample: true
crl_id:
  description: The id of the list.
  returned: if there is one
  type: str
  sample: 3b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
crl_arn:
  description: The ARN of the list.
  returned: if there is one
  type: str
  sample: arn:aws:rolesanywhere:eu-central-1:123456789012:crl/3b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
name:
  description: The name of the list.
  returned: if there is one
  type: str
  sample: flotilla-eks
enabled:
  description: Whether it is heeded.
  returned: if there is one
  type: bool
  sample: true
trust_anchor_arn:
  description: The ARN of the trust anchor.
  returned: if there is one
  type: str
  sample: arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
created_at:
  description: When it was made, in ISO 8601.
  returned: if there is one
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
updated_at:
  description: When it was last written, in ISO 8601.
  returned: if there is one
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
changes:
  description: What was done, or in check mode would be done, one item for each call of AWS, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(create), V(update) or V(delete).
      type: str
      sample: update
    operation:
      description: The operation of the API of IAM Roles Anywhere.
      type: str
      sample: UpdateCrl
    fields:
      description: What it changes.
      type: list
      elements: str
      sample: ["revoked[edge-1]"]
diff:
  description: What changes.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: What there was before.
      type: dict
    after:
      description: What there is afterwards.
      type: dict
    before_header:
      description: The list that it is about.
      type: str
    after_header:
      description: The list that it is about.
      type: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.revocation_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
