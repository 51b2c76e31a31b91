#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aws_auth
version_added: 0.1.0
short_description: Rows of the ConfigMap aws-auth of Amazon EKS clusters
description:
  - Lets IAM roles and users into a cluster whose authentication mode is V(CONFIG_MAP) or V(API_AND_CONFIG_MAP), by rows
    of the ConfigMap C(aws-auth) in the namespace C(kube-system). Where access entries count, prefer them
    (M(flotilla.eks.access_entry)).
  - Only the rows that are listed are touched. Those of others stay as they are, with their order and comments.
  - It is written on the condition that it is still what was read. If somebody else wrote in between, it is read and
    edited anew. If it does not exist, it is made.
  - A text that is no list of rows is an error, and left as it is. By such a text, the cluster lets nobody in.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description: Name of the EKS cluster.
    type: str
    required: true
  cluster:
    description:
      - The cluster as M(flotilla.eks.cluster) returned it. Spares the call of DescribeCluster. If there is no
        C(endpoint) in it, the cluster is described.
    type: dict
  role_arn:
    description: ARN of an IAM role to assume for the Kubernetes API.
    type: str
  state:
    description:
      - With V(present), the rows are there and say what is listed.
      - With V(absent), there are no rows of the listed ARNs. Nothing else of them counts.
    type: str
    choices: [present, absent]
    default: present
  map_roles:
    description: Rows for IAM roles.
    type: list
    elements: dict
    suboptions:
      rolearn:
        description:
          - ARN of the role. The cluster finds no role by an ARN with a path. So the path is left out, and a row that
            has one is repaired.
        type: str
        required: true
      type:
        description:
          - What the role is for, as the type of an access entry says it. It stands for the user name and the groups
            that nodes on EC2, or pods on Fargate, have.
        type: str
        choices: [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX]
      username:
        description: Name of the Kubernetes user. Omitted, it is left alone.
        type: str
      groups:
        description: Kubernetes groups of the user, in any order. Omitted, they are left alone.
        type: list
        elements: str
  map_users:
    description: Rows for IAM users.
    type: list
    elements: dict
    suboptions:
      userarn:
        description: ARN of the user, with its path if it has one.
        type: str
        required: true
      username:
        description: Name of the Kubernetes user. Omitted, it is left alone.
        type: str
      groups:
        description: Kubernetes groups of the user, in any order. Omitted, they are left alone.
        type: list
        elements: str
attributes:
  check_mode:
    support: full
    description: Tells what would be written. Writes nothing.
  diff_mode:
    support: full
    description: Shows the two texts, before and after.
  idempotent:
    support: full
    description: Rows that say what is wanted are left as they are.
seealso:
  - module: flotilla.eks.access_entry
  - name: Grant IAM users and roles access to Kubernetes with a ConfigMap
    description: What AWS says of it.
    link: https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
  - flotilla.eks.attributes
  - flotilla.eks.retries
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: Let nodes join that no managed node group made
  flotilla.eks.aws_auth:
    cluster_name: prod
    map_roles:
      - rolearn: arn:aws:iam::123456789012:role/eks-node
        type: EC2_LINUX

- name: Let a team and a user look
  flotilla.eks.aws_auth:
    cluster_name: prod
    map_roles:
      - rolearn: arn:aws:iam::123456789012:role/developer
        username: developer
        groups: [view]
    map_users:
      - userarn: arn:aws:iam::123456789012:user/ada
        username: ada
        groups: [view]

- name: Let the user in no longer
  flotilla.eks.aws_auth:
    cluster_name: prod
    map_users:
      - userarn: arn:aws:iam::123456789012:user/ada
    state: absent
"""

RETURN = r"""
---
changes:
  description: What was done, or in check mode would be, one line a row.
  returned: always
  type: list
  elements: str
  sample: ["mapRoles: add arn:aws:iam::123456789012:role/eks-node"]
map_roles:
  description: All rows for roles, as they are now, or in check mode would be, in the ConfigMap's own spelling.
  returned: always
  type: list
  elements: dict
  sample:
    - {rolearn: arn:aws:iam::123456789012:role/developer, username: developer, groups: [view]}
map_users:
  description: All rows for users, likewise.
  returned: always
  type: list
  elements: dict
  sample:
    - {userarn: arn:aws:iam::123456789012:user/ada, username: ada, groups: [view]}
"""

from ansible_collections.flotilla.eks.plugins.module_utils._aws_auth_entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
