#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fleet_info
version_added: 0.1.0
short_description: A live cluster in the form that fleet takes
description:
  - Reads all that the EKS API owns in one cluster, whoever made it, and returns it as options of
    M(flotilla.eks.fleet). Saved and given to that module, it changes nothing. From then on it is the desired state.
  - Of what EKS made for itself, such as the access entries of its nodes, nothing is told.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description:
      - Name of the cluster. One that does not exist gives an empty result, and no error.
    type: str
    required: true
seealso:
  - module: flotilla.eks.fleet
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

- name: Read a cluster that somebody made by hand
  flotilla.eks.fleet_info:
    cluster_name: prod
  register: live

- name: Make sure that its description is whole
  flotilla.eks.fleet:
    cluster_name: prod
    cluster: "{{ live.fleet.cluster }}"
    nodegroups: "{{ live.fleet.nodegroups }}"
    fargate_profiles: "{{ live.fleet.fargate_profiles }}"
    access_entries: "{{ live.fleet.access_entries }}"
    addons: "{{ live.fleet.addons }}"
    pod_identity_associations: "{{ live.fleet.pod_identity_associations }}"
    identity_provider_configs: "{{ live.fleet.identity_provider_configs }}"
    capabilities: "{{ live.fleet.capabilities }}"
  check_mode: true
  register: adopted
  failed_when: adopted is changed
"""

RETURN = r"""
---
fleet:
  description:
    - The options of M(flotilla.eks.fleet). What the API does not tell is left out, and so is what can only be read.
      Empty if there is no such cluster.
  returned: always
  type: dict
  contains:
    cluster_name:
      description: Name of the cluster.
      type: str
      sample: prod
    cluster:
      description: The cluster.
      type: dict
      sample:
        version: "1.34"
    nodegroups:
      description: Its managed node groups.
      type: list
      elements: dict
    fargate_profiles:
      description: Its Fargate profiles.
      type: list
      elements: dict
    access_entries:
      description: Its access entries, with their policies.
      type: list
      elements: dict
    addons:
      description: Its add-ons, with their pod identity associations.
      type: list
      elements: dict
    pod_identity_associations:
      description: Its pod identity associations, but for those of add-ons.
      type: list
      elements: dict
    identity_provider_configs:
      description: Its identity providers of users.
      type: list
      elements: dict
    capabilities:
      description: The capabilities that EKS runs in it.
      type: list
      elements: dict
"""

from ansible_collections.flotilla.eks.plugins.module_utils._fleet.entry import run_info


def main() -> None:
    run_info()


if __name__ == "__main__":
    main()
