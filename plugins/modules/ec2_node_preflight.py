#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ec2_node_preflight
version_added: 0.1.0
short_description: All that keeps an EC2 instance from joining an Amazon EKS cluster
description:
  - Runs on an EC2 instance of an EKS optimized AMI of Amazon Linux 2023, and fails with everything in one report that
    keeps it from becoming a node, each with what to do. It only looks.
  - It needs Python 3.9 or newer and nothing else on the host, and no credentials of AWS. What is to be known of the
    cluster comes from M(flotilla.eks.bootstrap_info), which runs on the control node.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster:
    description: The cluster as M(flotilla.eks.bootstrap_info) returns it. Required unless O(state=absent).
    type: dict
  roles:
    description: ARNs of the IAM roles that the cluster lets in, as M(flotilla.eks.bootstrap_info) returns them.
    type: list
    elements: str
  skip_checks:
    description:
      - Names of checks to leave out. They are reported in RV(skipped_checks).
      - V(privileges), root; V(systemd); V(system), Amazon Linux 2023; V(nodeadm), that of the AMI and not the one for
        machines on premises; V(kubelet), there is one; V(cluster), it is active; V(version_skew), the kubelet is not
        newer than the cluster, and at most three minor versions older; V(imds), the instance metadata service
        answers; V(region), that of the cluster; V(instance_profile), there is one; V(access), its role is among
        O(roles); V(endpoint), it answers with a certificate of the cluster; V(other_cluster), no kubelet runs for
        another one.
    type: list
    elements: str
    choices:
      - privileges
      - systemd
      - system
      - nodeadm
      - kubelet
      - cluster
      - version_skew
      - imds
      - region
      - instance_profile
      - access
      - endpoint
      - other_cluster
    default: []
  state:
    description: With V(absent), the host is to leave its cluster. Few checks matter then.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Only looks, in check mode as well as outside it.
  diff_mode:
    support: N/A
    description: Changes nothing, so there is nothing to show.
  idempotent:
    support: full
    description: Changes nothing.
seealso:
  - module: flotilla.eks.ec2_node
  - module: flotilla.eks.bootstrap_info
"""

EXAMPLES = r"""
---
- name: See what the cluster lets in
  flotilla.eks.bootstrap_info:
    cluster_name: prod
    region: eu-central-1
  delegate_to: localhost
  register: bootstrap

- name: Look for all that keeps the host from joining
  flotilla.eks.ec2_node_preflight:
    cluster: "{{ bootstrap.cluster }}"
    roles: "{{ bootstrap.roles }}"
  become: true
"""

RETURN = r"""
---
findings:
  description: What is wrong. If there is anything, the module fails with a message of them all.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: Name of the check.
      type: str
      sample: version_skew
    problem:
      description: What is wrong, with what was found.
      type: str
      sample: its kubelet v1.34.1-eks-1234567 is newer than the cluster's 1.33
    fix:
      description: What to do.
      type: str
      sample: Launch the instance from an AMI for Kubernetes 1.33
passed:
  description: Names of the checks that found nothing wrong.
  returned: always
  type: list
  elements: str
  sample: [privileges, systemd, system]
skipped_checks:
  description: Those of O(skip_checks).
  returned: always
  type: list
  elements: str
  sample: []
unknown:
  description: Names of the checks that could not be made, each with what nobody can tell. What hides it is a finding.
  returned: always
  type: dict
  sample: {}
instance_id:
  description: Id of the instance, if its metadata tell it.
  returned: always
  type: str
  sample: i-0a1b2c3d4e5f60718
region:
  description: Its region.
  returned: always
  type: str
  sample: eu-central-1
zone:
  description: Its availability zone.
  returned: always
  type: str
  sample: eu-central-1a
account:
  description: Its account.
  returned: always
  type: str
  sample: "123456789012"
role:
  description: Name of the role of its instance profile.
  returned: always
  type: str
  sample: eks-node
kubelet_version:
  description: Version of its kubelet.
  returned: always
  type: str
  sample: v1.33.4-eks-99d6cc0
node_name:
  description: Name of the Node that the kubelet was last configured as; empty if it never was.
  returned: always
  type: str
  sample: ip-10-0-1-23.eu-central-1.compute.internal
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.ec2_preflight_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
