#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: insights_info
version_added: 0.1.0
short_description: Facts about what Amazon EKS finds in a cluster
description:
  - Reads the insights of an EKS cluster, which are the checks that EKS makes of it, such as whether it is ready for the
    next version of Kubernetes. They are read in full, several at the same time.
  - EKS makes the checks once a day. With O(refresh=true) it makes them now, and the task tells what they found.
author: flotilla.eks contributors (!UNKNOWN)
options:
  id:
    description: Read this insight only. One that does not exist gives an empty list, and no error.
    type: str
  categories:
    description:
      - Read insights of these categories only.
      - V(UPGRADE_READINESS) is about the next version of Kubernetes, V(ROLLBACK_READINESS) about the way back after an
        upgrade, V(MISCONFIGURATION) about the setup for hybrid nodes.
    type: list
    elements: str
    choices:
      - UPGRADE_READINESS
      - MISCONFIGURATION
      - ROLLBACK_READINESS
  kubernetes_versions:
    description: Read insights only that are about these versions of Kubernetes, such as V(1.34).
    type: list
    elements: str
  statuses:
    description: Read insights of these statuses only.
    type: list
    elements: str
    choices:
      - ERROR
      - WARNING
      - UNKNOWN
      - PASSING
  details:
    description:
      - Whether to describe each insight, which takes a call for each, and tells what to do and which resources it is
        about.
      - With V(false), the list is all that is read.
    type: bool
    default: true
  refresh:
    description:
      - Whether EKS shall make its checks anew before the insights are read.
      - If it is making them already, the end of that is awaited, and they are made once more, as the earlier ones may
        not have seen the last change.
      - In check mode nothing is refreshed.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the checks of O(refresh) are made. With V(false), the insights are read at once, and are
        those of before.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait for the checks, in seconds, before the task fails.
    type: int
    default: 900
  wait_delay:
    description: Longest time between two looks at the checks, in seconds. The first ones follow sooner.
    type: int
    default: 15
notes:
  - A refresh changes nothing in the cluster, so the task never reports C(changed).
attributes:
  check_mode:
    support: full
    description: Starts no refresh, and reads the insights as they are.
seealso:
  - module: flotilla.eks.cluster
  - module: flotilla.eks.update
extends_documentation_fragment:
  - flotilla.eks.attributes.info
  - flotilla.eks.in_cluster
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: What keeps the cluster from its next version, as of now
  flotilla.eks.insights_info:
    cluster_name: prod
    categories: [UPGRADE_READINESS]
    statuses: [ERROR, WARNING]
    refresh: true
  register: obstacles

- name: Say what to do about them
  ansible.builtin.debug:
    msg: "{{ obstacles.insights | items2dict(key_name='name', value_name='recommendation') }}"

- name: Stop if something speaks against the upgrade
  ansible.builtin.assert:
    that: obstacles.insights | selectattr('insight_status.status', 'eq', 'ERROR') | length == 0

- name: All insights, in one call
  flotilla.eks.insights_info:
    cluster_name: prod
    details: false
  register: everything
"""

RETURN = r"""
---
insights:
  description: The insights, those with status V(ERROR) first, then V(WARNING), V(UNKNOWN) and V(PASSING).
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the insight, which stays the same over refreshes.
      type: str
      sample: a1b2c3d4-5e6f-4718-8293-a4b5c6d7e8f9
    name:
      description: What is checked.
      type: str
      sample: Kubelet version skew
    category:
      description: V(UPGRADE_READINESS), V(MISCONFIGURATION) or V(ROLLBACK_READINESS).
      type: str
      sample: UPGRADE_READINESS
    kubernetes_version:
      description: The version of Kubernetes that it is about, if it is about one.
      type: str
      sample: "1.34"
    last_refresh_time:
      description: When it was last checked, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    last_transition_time:
      description: When its status last changed, in ISO 8601.
      type: str
      sample: "2026-03-01T08:15:30.250000+00:00"
    description:
      description: What is checked, in more words, possibly with Markdown.
      type: str
    insight_status: &status
      description: What was found.
      type: dict
      contains:
        status:
          description: V(PASSING), V(WARNING), V(ERROR) or V(UNKNOWN).
          type: str
          sample: ERROR
        reason:
          description: Why.
          type: str
    recommendation:
      description: What to do. This and all below is there with O(details=true) only.
      type: str
    additional_info:
      description: Addresses of pages that say more, by their titles.
      type: dict
    resources:
      description: The resources that were checked, each with what was found.
      type: list
      elements: dict
      contains:
        insight_status: *status
        kubernetes_resource_uri:
          description: Path of the resource in the Kubernetes API, if it is one of Kubernetes.
          type: str
        arn:
          description: ARN of the resource, if it is one of AWS.
          type: str
    category_specific_summary:
      description: What only insights of category V(UPGRADE_READINESS) have to tell.
      type: dict
      contains:
        deprecation_details:
          description: Uses of what a later version of Kubernetes serves no more.
          type: list
          elements: dict
          contains:
            usage:
              description: The resource, in its deprecated version.
              type: str
            replaced_with:
              description: The version to use instead.
              type: str
            stop_serving_version:
              description: The version of Kubernetes that serves it no more.
              type: str
              sample: "1.32"
            start_serving_replacement_version:
              description: The version of Kubernetes that began to serve the replacement.
              type: str
            client_stats:
              description: Who uses it.
              type: list
              elements: dict
              contains:
                user_agent:
                  description: User agent of the client.
                  type: str
                number_of_requests_last30_days:
                  description: How many requests it made in the last 30 days.
                  type: int
                last_request_time:
                  description: When it made the last one, in ISO 8601.
                  type: str
        addon_compatibility_details:
          description: The versions of each EKS add-on that suit the version of Kubernetes.
          type: list
          elements: dict
          contains:
            name:
              description: Name of the add-on.
              type: str
              sample: coredns
            compatible_versions:
              description: Those versions.
              type: list
              elements: str
refresh:
  description: How the refresh went.
  returned: with O(refresh=true), not in check mode
  type: dict
  contains:
    status:
      description: V(COMPLETED), with O(wait=false) V(IN_PROGRESS).
      type: str
      sample: COMPLETED
    message:
      description: What EKS says about it.
      type: str
    started_at:
      description: When it began, in ISO 8601.
      type: str
    ended_at:
      description: When it ended, in ISO 8601.
      type: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._insights import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
