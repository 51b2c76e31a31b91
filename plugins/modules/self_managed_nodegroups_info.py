#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: self_managed_nodegroups_info
version_added: 0.1.0
short_description: Facts about self-managed node groups of Amazon EKS clusters
description:
  - Tells the live state of the node groups that M(flotilla.eks.self_managed_nodegroups) keeps, in the form that it
    takes, and all their instances, each with the version that it was launched from.
  - They are found by the tags C(flotilla.eks/cluster) and C(flotilla.eks/nodegroup) of launch templates and Auto
    Scaling groups. The cluster itself is not asked for.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  names:
    description: The node groups to tell of, all if not given. One that does not exist is left out.
    type: list
    elements: str
  include_user_data:
    description:
      - Whether RV(groups) has the user data. It may hold secrets, so protect the result, say with C(no_log).
      - User data that is no text is left out.
    type: bool
    default: false
seealso:
  - module: flotilla.eks.self_managed_nodegroups
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

- name: The self-managed node groups of a cluster
  flotilla.eks.self_managed_nodegroups_info:
    cluster_name: prod
  register: live

- name: The instances that are outdated
  ansible.builtin.debug:
    msg: >-
      {{ live.nodegroups | map(attribute='scaling_groups') | flatten | map(attribute='instances') | flatten
      | selectattr('outdated') | map(attribute='instance_id') }}

- name: All of one node group, to write it down
  flotilla.eks.self_managed_nodegroups_info:
    cluster_name: prod
    names: [web]
    include_user_data: true
  no_log: true
"""

RETURN = r"""
---
groups:
  description: The node groups, as the option O(flotilla.eks.self_managed_nodegroups#module:groups) takes them.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node group.
      type: str
      sample: web
    launch_template:
      description: The data of the version in use, its user data only with O(include_user_data).
      type: dict
    tags:
      description: Tags of the launch template beyond those that the module sets of itself.
      type: dict
    scaling_groups:
      description: Its Auto Scaling groups, by name, with hooks, policies and tags.
      type: list
      elements: dict
nodegroups:
  description: Their state.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node group.
      type: str
      sample: web
    launch_template:
      description: Its launch template, if there is one.
      type: dict
      contains:
        id:
          description: Its id.
          type: str
          sample: lt-0a1b2c3d4e5f60718
        name:
          description: Its name.
          type: str
          sample: prod-web
        version:
          description: Number of its default version, which is the one in use.
          type: str
          sample: "3"
        user_data_hash:
          description: Checksum of the user data in that version, if there is some.
          type: str
          sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    scaling_groups:
      description: Its Auto Scaling groups, by name.
      type: list
      elements: dict
      contains:
        name:
          description: Its name.
          type: str
          sample: prod-web
        arn:
          description: Its ARN.
          type: str
        launch_template_version:
          description: Number of the version of the launch template that it launches.
          type: str
          sample: "3"
        min_size:
          description: The least instances that it has.
          type: int
          sample: 1
        max_size:
          description: The most.
          type: int
          sample: 4
        desired_capacity:
          description: How many it wants just now.
          type: int
          sample: 2
        instances:
          description: Its instances, in whatever state.
          type: list
          elements: dict
          contains:
            instance_id:
              description: Id of the instance.
              type: str
              sample: i-0a1b2c3d4e5f60718
            instance_type:
              description: Its type.
              type: str
              sample: m7i.large
            availability_zone:
              description: Its zone.
              type: str
              sample: eu-central-1a
            lifecycle_state:
              description: What Auto Scaling says of it, such as V(Pending), V(InService) or V(Terminating).
              type: str
              sample: InService
            health_status:
              description: V(Healthy) or V(Unhealthy).
              type: str
              sample: Healthy
            launch_template_version:
              description: Number of the version that it was launched from.
              type: str
              sample: "2"
            outdated:
              description: Whether that is another one than its Auto Scaling group launches.
              type: bool
              sample: true
            protected_from_scale_in:
              description: Whether Auto Scaling may not choose it when it has to end instances.
              type: bool
              sample: false
        in_service:
          description: How many of them are in service.
          type: int
          sample: 2
        outdated:
          description: How many were launched from another version.
          type: int
          sample: 1
        rolling:
          description: Whether a roll is under way.
          type: bool
          sample: false
"""

from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.entry import run_info


def main() -> None:
    run_info()


if __name__ == "__main__":
    main()
