#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cluster_versions_info
version_added: 0.1.0
short_description: Facts about the Kubernetes versions of Amazon EKS
description:
  - Describes the Kubernetes versions that EKS offers, with the dates between which it supports them, and with the
    bounds of what a cluster may say of its control plane.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_versions:
    description:
      - The versions to describe, such as V(1.34). Those that EKS does not know make the task fail.
      - Omitted, all are described that EKS supports.
    type: list
    elements: str
  version_status:
    description: Describe only versions whose support is of this kind.
    type: str
    choices:
      - STANDARD_SUPPORT
      - EXTENDED_SUPPORT
      - UNSUPPORTED
  default_only:
    description: Describe only the version that a cluster gets that is created without one.
    type: bool
    default: false
  include_all:
    description: Describe versions as well that EKS supports no more.
    type: bool
    default: false
  cluster_type:
    description: Describe only versions for clusters of this type. EKS knows C(eks) and C(eks-local-outposts).
    type: str
seealso:
  - module: flotilla.eks.cluster
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

- name: Which versions EKS supports
  flotilla.eks.cluster_versions_info:
  register: offered

- name: Those without the costs of extended support
  ansible.builtin.debug:
    msg: "{{ standard | map(attribute='cluster_version') }}"
  vars:
    standard: "{{ offered.cluster_versions | selectattr('version_status', 'eq', 'STANDARD_SUPPORT') }}"

- name: How long our version is supported
  flotilla.eks.cluster_versions_info:
    cluster_versions: ["1.34"]
  register: ours

- name: Warn before extended support costs more
  ansible.builtin.debug:
    msg: "Upgrade before {{ ours.cluster_versions[0].end_of_standard_support_date }}"
"""

RETURN = r"""
---
cluster_versions:
  description: The versions, in the order in which EKS lists them.
  returned: always
  type: list
  elements: dict
  contains:
    cluster_version:
      description: The version, as M(flotilla.eks.cluster) takes it.
      type: str
      sample: "1.34"
    cluster_type:
      description: The type of cluster that it is for.
      type: str
      sample: eks
    default_platform_version:
      description: The platform version that a new cluster of it gets.
      type: str
      sample: eks.13
    default_version:
      description: Whether a cluster gets it that is created without a version.
      type: bool
    release_date:
      description: When EKS released it, in ISO 8601.
      type: str
      sample: "2025-10-02T00:00:00+00:00"
    end_of_standard_support_date:
      description: When its standard support ends, in ISO 8601.
      type: str
      sample: "2026-12-02T00:00:00+00:00"
    end_of_extended_support_date:
      description: When its extended support ends, in ISO 8601. Clusters are then upgraded by EKS.
      type: str
      sample: "2027-12-02T00:00:00+00:00"
    status:
      description: As RV(cluster_versions[].version_status), in another spelling, which EKS calls deprecated.
      type: str
      sample: standard-support
    version_status:
      description: V(STANDARD_SUPPORT), V(EXTENDED_SUPPORT) or V(UNSUPPORTED).
      type: str
      sample: STANDARD_SUPPORT
    kubernetes_patch_version:
      description: The patch version of Kubernetes that control planes of it run.
      type: str
      sample: 1.34.2
    control_plane_scaling_tiers:
      description: The tiers of provisioned control planes, with what each can bear.
      type: list
      elements: dict
      contains:
        tier_name:
          description: Name of the tier.
          type: str
          sample: tier-xl
        api_request_concurrency:
          description: How many requests the API server works at.
          type: int
        pod_scheduling_rate_per_second:
          description: How many pods are scheduled in a second.
          type: int
        cluster_database_size_gb:
          description: The size of the database, in GB.
          type: int
        control_plane_component_config_overrides:
          description: Defaults and bounds that are other than those that hold without a tier.
          type: dict
          contains: &component_config
            kube_api_server_config:
              description: Of the API server.
              type: dict
              contains:
                event_ttl:
                  description: How long events are kept.
                  type: dict
                  contains:
                    default_value:
                      description: How long, unless the cluster says otherwise.
                      type: str
                    constraints:
                      description: What a cluster may say.
                      type: dict
                      contains:
                        min:
                          description: The least time.
                          type: str
                        max:
                          description: The greatest time.
                          type: str
                service_node_port_range:
                  description: The ports of services of type NodePort.
                  type: dict
                  contains:
                    default_value:
                      description: The ports, unless the cluster says otherwise.
                      type: dict
                      contains:
                        min_port:
                          description: The first of them.
                          type: int
                        max_port:
                          description: The last of them.
                          type: int
                    constraints:
                      description: What a cluster may say.
                      type: dict
                      contains:
                        min_port:
                          description: Of the first port.
                          type: dict
                          contains:
                            min:
                              description: The least port.
                              type: int
                            max:
                              description: The greatest port.
                              type: int
                        max_port:
                          description: Of the last port.
                          type: dict
                          contains:
                            min:
                              description: The least port.
                              type: int
                            max:
                              description: The greatest port.
                              type: int
            kube_scheduler_config:
              description: Of the scheduler.
              type: dict
              contains:
                node_resources_fit:
                  description: How it weighs the resources of nodes.
                  type: dict
                  contains:
                    scoring_strategy:
                      description: The strategy.
                      type: dict
                      contains:
                        default_value:
                          description: The strategy, unless the cluster says otherwise.
                          type: dict
                          contains:
                            type:
                              description: C(LeastAllocated) or C(MostAllocated).
                              type: str
                            resources:
                              description: The resources that count.
                              type: list
                              elements: dict
                              contains:
                                name:
                                  description: Name of the resource.
                                  type: str
                                weight:
                                  description: How much it counts, 1 to 100.
                                  type: int
                        constraints:
                          description: What a cluster may say.
                          type: dict
                          contains:
                            scoring_strategy:
                              description: Of the strategy.
                              type: dict
                              contains:
                                allowed_values:
                                  description: The strategies there are.
                                  type: list
                                  elements: str
                            resources:
                              description: Of the resources.
                              type: dict
                              contains:
                                name:
                                  description: Of their names.
                                  type: dict
                                  contains:
                                    allowed_values:
                                      description: The names there are.
                                      type: list
                                      elements: str
                                weight:
                                  description: Of their weights.
                                  type: dict
                                  contains:
                                    min:
                                      description: The least weight.
                                      type: int
                                    max:
                                      description: The greatest weight.
                                      type: int
            kube_controller_manager_config:
              description: Of the controller manager.
              type: dict
              contains:
                pod_gc_controller_config:
                  description: Of the garbage collection of pods.
                  type: dict
                  contains:
                    terminated_pod_gc_threshold:
                      description: How many terminated pods are kept.
                      type: dict
                      contains:
                        default_value:
                          description: How many, unless the cluster says otherwise.
                          type: int
                        constraints:
                          description: What a cluster may say.
                          type: dict
                          contains:
                            min:
                              description: The least number.
                              type: int
                            max:
                              description: The greatest number.
                              type: int
                horizontal_pod_autoscaler_controller_config:
                  description: Of the horizontal pod autoscaler.
                  type: dict
                  contains:
                    horizontal_pod_autoscaler_sync_period:
                      description: How often it looks.
                      type: dict
                      contains:
                        default_value:
                          description: How often, unless the cluster says otherwise.
                          type: str
                        constraints:
                          description: What a cluster may say.
                          type: dict
                          contains:
                            min:
                              description: The least time.
                              type: str
                            max:
                              description: The greatest time.
                              type: str
    control_plane_component_config:
      description: Defaults and bounds of what a cluster may say of its control plane.
      type: dict
      contains: *component_config
"""

from ansible_collections.flotilla.eks.plugins.module_utils._listing import CLUSTER_VERSIONS, run


def main() -> None:
    run(CLUSTER_VERSIONS)


if __name__ == "__main__":
    main()
