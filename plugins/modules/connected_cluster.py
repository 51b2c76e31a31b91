#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: connected_cluster
version_added: 0.1.0
short_description: Kubernetes clusters from elsewhere that Amazon EKS shows
description:
  - Registers a Kubernetes cluster that runs elsewhere, so that the console of EKS shows it, and deregisters it.
  - The module talks to EKS only. The connection stands when the manifest of the EKS Connector, with the id and code
    that the registration answers with, has been applied in the cluster.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description: Name of the connected cluster, unique among all clusters of the region, those of EKS included.
    type: str
    required: true
  connector_config:
    description: How the cluster is connected. Needed to register it. It cannot be changed.
    type: dict
    suboptions:
      role_arn:
        description: ARN of the IAM role of the agent in the cluster, which C(ssm.amazonaws.com) may assume.
        type: str
        required: true
      provider:
        description: Where the cluster runs.
        type: str
        required: true
        choices: [EKS_ANYWHERE, ANTHOS, GKE, AKS, OPENSHIFT, TANZU, RANCHER, EC2, OTHER]
  wait_timeout:
    default: 600
notes:
  - The activation code is a secret. It is returned by the run that registers the cluster and by no other, and by no
    other module. So a task that registers a cluster must have C(no_log=true), without which it is refused before
    anything is written. C(register) gets the code all the same.
  - The manifest has to be applied within three days. Where the code was lost or has expired, deregister the cluster
    and register it again.
  - The module does not wait for the connection. A registered cluster is V(PENDING), and that is all it can be until the
    manifest is applied.
  - A cluster of EKS itself is not touched, whatever its name. To deregister a name that it has changes nothing.
seealso:
  - module: flotilla.eks.connected_cluster_info
  - module: flotilla.eks.cluster
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.state
  - flotilla.eks.settling
  - flotilla.eks.replacing
  - flotilla.eks.tags
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: Register the cluster of a site
  flotilla.eks.connected_cluster:
    name: site
    connector_config:
      role_arn: arn:aws:iam::123456789012:role/eks-connector
      provider: OTHER
    tags:
      Team: platform
  no_log: true  # The result holds the activation code.
  register: site

- name: Keep id and code for the manifest
  ansible.builtin.copy:
    dest: /run/deploy/eks-connector.env
    content: |
      ACTIVATION_ID={{ site.connector_config.activation_id }}
      ACTIVATION_CODE={{ site.connector_config.activation_code }}
    mode: "0600"
  no_log: true

- name: What would change with another tag?
  flotilla.eks.connected_cluster:
    name: site
    tags:
      Team: edge
  check_mode: true
  diff: true

- name: Deregister it
  flotilla.eks.connected_cluster:
    name: site
    state: absent
"""

RETURN = r"""
---
name:
  description: Name of the connected cluster.
  returned: if the connected cluster exists afterwards
  type: str
  sample: site
arn:
  description: ARN of the connected cluster.
  returned: if the connected cluster exists afterwards
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:cluster/site
created_at:
  description: When it was registered, in ISO 8601.
  returned: if the connected cluster exists afterwards
  type: str
  sample: "2026-03-02T08:15:30.250000+00:00"
version:
  description: Its Kubernetes version.
  returned: once it is connected
  type: str
  sample: "1.33"
status:
  description: V(PENDING) until the manifest has been applied in the cluster, then V(ACTIVE).
  returned: if the connected cluster exists afterwards
  type: str
  sample: PENDING
connector_config:
  description: How it is connected.
  returned: if the connected cluster exists afterwards
  type: dict
  contains:
    activation_id:
      description: The id that goes into the manifest.
      type: str
      sample: 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    activation_code:
      description: The code that goes into the manifest, a secret. Only when the task has registered the cluster.
      type: str
    activation_expiry:
      description: Until when the manifest has to be applied, in ISO 8601.
      type: str
      sample: "2026-03-05T08:15:30.250000+00:00"
    provider:
      description: Where it runs.
      type: str
      sample: OTHER
    role_arn:
      description: ARN of the role of its agent.
      type: str
      sample: arn:aws:iam::123456789012:role/eks-connector
health:
  description: What ails it.
  returned: if EKS tells it
  type: dict
  contains:
    issues:
      description: The issues, if there are any.
      type: list
      elements: dict
      contains:
        code:
          description: What kind of issue it is.
          type: str
        message:
          description: What EKS says about it.
          type: str
        resource_ids:
          description: The resources that it is about.
          type: list
          elements: str
tags:
  description: The tags, with keys as they are.
  returned: if the connected cluster exists afterwards
  type: dict
  sample:
    Team: platform
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
      description: The operation of the EKS API.
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
from ansible_collections.flotilla.eks.plugins.module_utils._resources.connected_cluster import CONNECTED_CLUSTER


def main() -> None:
    run(CONNECTED_CLUSTER)


if __name__ == "__main__":
    main()
