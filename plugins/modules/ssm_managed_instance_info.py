#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_managed_instance_info
version_added: 0.1.0
short_description: Facts about on-premises hosts that are registered with Systems Manager
description:
  - Describes the on-premises hosts of a region that are registered with Systems Manager, with activations of
    M(flotilla.eks.ssm_activation) or others. EC2 instances are left out.
  - M(flotilla.eks.nodes_info) tells which of them are nodes of a cluster.
author: flotilla.eks contributors (!UNKNOWN)
options:
  instance_ids:
    description: Only the hosts of these ids. Those that are not registered are left out, and there is no error.
    type: list
    elements: str
  activation_ids:
    description: Only hosts that registered with these activations.
    type: list
    elements: str
  tags:
    description: Only hosts that carry all these tags. They get those of their activation when they register.
    type: dict
notes:
  - Of O(instance_ids), O(activation_ids) and O(tags), one can be given.
seealso:
  - module: flotilla.eks.ssm_managed_instance
  - module: flotilla.eks.nodes_info
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

- name: The hosts of a cluster
  flotilla.eks.ssm_managed_instance_info:
    tags:
      EKSClusterARN: arn:aws:eks:eu-central-1:123456789012:cluster/prod
  register: edge

- name: Which are silent
  ansible.builtin.debug:
    msg: "{{ edge.managed_instances | rejectattr('ping_status', '==', 'Online') | map(attribute='instance_id') }}"
"""

RETURN = r"""
---
managed_instances:
  description: The hosts.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: The id, which is also the name of its node.
      type: str
      sample: mi-0a1b2c3d4e5f60718
    ping_status:
      description: V(Online), or V(ConnectionLost) if its agent has not been heard of.
      returned: if Systems Manager tells it
      type: str
      sample: Online
    last_ping_date_time:
      description: When its agent was last heard of, in ISO 8601.
      returned: if Systems Manager tells it
      type: str
      sample: "2026-03-02T08:15:30+00:00"
    agent_version:
      description: The version of its agent.
      returned: if Systems Manager tells it
      type: str
      sample: 3.3.3598.0
    is_latest_version:
      description: Whether that is the latest one.
      returned: if Systems Manager tells it
      type: bool
      sample: true
    platform_type:
      description: The kind of its operating system.
      returned: if Systems Manager tells it
      type: str
      sample: Linux
    platform_name:
      description: The name of its operating system.
      returned: if Systems Manager tells it
      type: str
      sample: Ubuntu
    platform_version:
      description: The version of its operating system.
      returned: if Systems Manager tells it
      type: str
      sample: "24.04"
    activation_id:
      description: The id of the activation that it registered with.
      returned: if Systems Manager tells it
      type: str
      sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    iam_role:
      description: Name of the IAM role that it gets credentials of.
      returned: if Systems Manager tells it
      type: str
      sample: prod-hybrid
    registration_date:
      description: When it registered, in ISO 8601.
      returned: if Systems Manager tells it
      type: str
      sample: "2026-03-02T08:15:30+00:00"
    resource_type:
      description: What it is, V(ManagedInstance).
      type: str
      sample: ManagedInstance
    name:
      description: What it is called in Systems Manager.
      returned: if Systems Manager tells it
      type: str
      sample: edge
    ip_address:
      description: Its IP address.
      returned: if Systems Manager tells it
      type: str
      sample: 10.80.0.5
    computer_name:
      description: Its host name.
      returned: if Systems Manager tells it
      type: str
      sample: edge-1.example.org
    association_status:
      description: Whether its associations are in effect.
      returned: if Systems Manager tells it
      type: str
      sample: Success
    last_association_execution_date:
      description: When an association last ran on it, in ISO 8601.
      returned: if Systems Manager tells it
      type: str
    last_successful_association_execution_date:
      description: When an association last ran on it with success, in ISO 8601.
      returned: if Systems Manager tells it
      type: str
    association_overview:
      description: How many associations are in which state.
      returned: if Systems Manager tells it
      type: dict
      contains:
        detailed_status:
          description: The state of all together.
          type: str
        instance_association_status_aggregated_count:
          description: How many there are, by state.
          type: dict
    source_id:
      description: Its id in the place that it comes from.
      returned: if Systems Manager tells it
      type: str
      sample: mi-0a1b2c3d4e5f60718
    source_type:
      description: The place that it comes from.
      returned: if Systems Manager tells it
      type: str
      sample: AWS::SSM::ManagedInstance
    source_location:
      description: Where it is in a cloud of somebody else.
      returned: if Systems Manager tells it
      type: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.managed_instances_entry import run_info


def main() -> None:
    run_info()


if __name__ == "__main__":
    main()
