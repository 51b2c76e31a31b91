#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: update
version_added: 0.1.0
short_description: List, wait for and cancel updates of Amazon EKS
description:
  - An update is a change that EKS makes in the background, to a cluster, a managed node group, an add-on or a
    capability, whoever asked for it. This module tells which ones there are and were, waits for their end, and cancels
    one.
  - The modules of this collection wait for the updates that they begin by themselves, unless told otherwise.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description:
      - Name of the cluster.
      - The updates are the cluster's own, unless O(nodegroup_name), O(addon_name) or O(capability_name) is given, of
        which there can be one.
    type: str
    required: true
  nodegroup_name:
    description: Name of a managed node group, whose updates it is about.
    type: str
  addon_name:
    description: Name of an add-on, whose updates it is about.
    type: str
  capability_name:
    description: Name of a capability, whose updates it is about.
    type: str
  update_id:
    description: Id of the one update that it is about. Omitted, it is about all updates of the resource.
    type: str
  state:
    description:
      - With V(listed), the updates are told as they are.
      - With V(finished), the end of those is awaited that are in progress. The task fails if one of them ends in
        failure, or if the update of O(update_id) did. In check mode nothing is awaited.
      - With V(cancelled), the one in progress is cancelled. It is no error if none is. With O(update_id), it is an
        error if that update has ended in another way.
      - EKS can cancel one kind of update, V(VersionRollback) of a cluster with EKS Auto Mode, as long as its nodes go
        back and its control plane does not yet. All others are refused before anything is written.
    type: str
    choices:
      - listed
      - finished
      - cancelled
    default: listed
  wait:
    description:
      - Whether O(state=cancelled) waits until EKS has cancelled the update, and fails if it did not manage to.
      - O(state=finished) always waits, and O(state=listed) never.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait, in seconds, before the task fails. What was begun goes on.
    type: int
    default: 3600
  wait_delay:
    description: Longest time between two looks at an update, in seconds. The first ones follow sooner.
    type: int
    default: 15
seealso:
  - module: flotilla.eks.cluster
  - module: flotilla.eks.nodegroup
  - module: flotilla.eks.insights_info
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

- name: What is being changed in the cluster, and what was
  flotilla.eks.update:
    cluster_name: prod
  register: history

- name: What failed
  ansible.builtin.debug:
    msg: "{{ history.updates | selectattr('status', 'eq', 'Failed') }}"

- name: Wait until nobody changes the node group any more
  flotilla.eks.update:
    cluster_name: prod
    nodegroup_name: web
    state: finished

- name: Would the rollback be stopped
  flotilla.eks.update:
    cluster_name: prod
    state: cancelled
  check_mode: true
  diff: true

- name: Stop the rollback, and stay with the newer version
  flotilla.eks.update:
    cluster_name: prod
    state: cancelled
"""

RETURN = r"""
---
updates:
  description: The updates, the newest first, or the one of O(update_id).
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the update.
      type: str
      sample: a1b2c3d4-5e6f-4718-8293-a4b5c6d7e8f9
    status:
      description: V(InProgress), V(Failed), V(Cancelled) or V(Successful).
      type: str
      sample: Successful
    type:
      description: What kind of change it is.
      type: str
      sample: VersionUpdate
    params:
      description: What was asked for.
      type: list
      elements: dict
      contains:
        type:
          description: Name of a value.
          type: str
          sample: Version
        value:
          description: The value, as text, which may be JSON.
          type: str
          sample: "1.34"
    created_at:
      description: When it was asked for, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    errors:
      description: Why it failed.
      type: list
      elements: dict
      contains:
        error_code:
          description: Name of the reason.
          type: str
          sample: PodEvictionFailure
        error_message:
          description: What EKS says about it.
          type: str
        resource_ids:
          description: Ids of what it is about.
          type: list
          elements: str
    cancellation:
      description: How the latest attempt to cancel it went, if there was one.
      type: dict
      contains:
        status:
          description: V(InProgress), V(Failed) or V(Successful).
          type: str
          sample: Successful
        reason:
          description: What EKS says about it.
          type: str
changes:
  description: What was done, or in check mode would be done.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(cancel).
      type: str
      sample: cancel
    operation:
      description: The operation of the EKS API.
      type: str
      sample: CancelUpdate
    fields:
      description: What it changes.
      type: list
      elements: str
      sample: [status]
diff:
  description: The status of the update that is cancelled, by its id.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: Before.
      type: dict
    after:
      description: After.
      type: dict
"""

from ansible_collections.flotilla.eks.plugins.module_utils._updates import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
