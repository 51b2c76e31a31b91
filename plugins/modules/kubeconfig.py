#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kubeconfig
version_added: 0.1.0
short_description: Entries of an EKS cluster in a kubeconfig file
description:
  - Makes a kubeconfig file lead to an EKS cluster, or takes the cluster out of it.
  - Three entries belong together. The cluster's is named by the ARN, so that two clusters of one name never meet, and
    that an entry of C(aws eks update-kubeconfig) is found again. The context and the user are named as you like.
  - Everything else in the file stays as it is, with its order and comments; so do members of these entries that are
    not written here, such as C(tls-server-name).
  - The file is replaced in one step and is readable by its owner alone; a wider mode is narrowed. Tasks that write the
    same file at the same time wait for each other.
  - No secret is ever in the result, the diff or the log.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description: Name of the EKS cluster.
    type: str
    required: true
    aliases: [name]
  state:
    description:
      - With V(present), the entries are there and lead to the cluster as it is now.
      - With V(absent), the context is not, nor are its cluster and its user unless another context names them. AWS is
        not asked. If it was the current context, the file has none afterwards.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - The kubeconfig file. A directory that is missing is made with mode V(0700). A link is followed.
      - The default is what C(kubectl) would write to, the first file named by the environment variable E(KUBECONFIG),
        or else C(~/.kube/config).
    type: path
    aliases: [dest]
  context:
    description:
      - Name of the context.
      - The default is O(cluster_name). Give names of your own where clusters of one name, in several regions or
        accounts, share a file.
    type: str
    aliases: [alias]
  user:
    description:
      - Name of the user entry.
      - The default is made of the context and the ARN of the cluster, and so belongs to this context alone.
    type: str
  namespace:
    description: The namespace of the context. Left alone if not given.
    type: str
  proxy_url:
    description: URL of the proxy through which the cluster is reached. Left alone if not given.
    type: str
  cluster:
    description:
      - The cluster as M(flotilla.eks.cluster) returned it. Needs C(arn), C(endpoint) and C(certificate_authority.data),
        and on Outposts C(id) and C(outpost_config).
      - Spares the call of DescribeCluster. If there is no C(endpoint) in it, the cluster is described.
    type: dict
  auth:
    description:
      - With V(exec), clients run C(aws eks get-token) whenever they need a token. They need the AWS CLI, the file
        holds no secret.
      - With V(token), the file holds a token, which lasts 14 minutes. A stored one is kept as long as it was made for
        the same cluster by the same caller or role and has five minutes left.
    type: str
    choices: [exec, token]
    default: exec
  role_arn:
    description: ARN of an IAM role to assume for the tokens, by C(aws eks get-token) or by this module.
    type: str
  exec_profile:
    description:
      - With O(auth=exec), the AWS profile to run C(aws eks get-token) with.
      - The default is that of the task, O(profile). Give an empty text for none.
    type: str
  set_current_context:
    description:
      - Whether the context becomes the current one.
      - If not given, it does only where the file names none. With V(true), tasks for several clusters in one file take
        it from each other on each run.
    type: bool
  force:
    description: Take over a context of this name that leads to another cluster. Without it, such a context is an error.
    type: bool
    default: false
  backup:
    description: Keep a copy of the file as it was, beside it, when it changes.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Tells what would change, and writes nothing. A cluster that does not exist yet is a change to come.
  diff_mode:
    support: full
    description: Shows the entries before and after, with every secret hidden.
  idempotent:
    support: partial
    description: With O(auth=token), a token that is about to expire is made anew, which is a change.
requirements:
  - PyYAML
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
  - flotilla.eks.attributes
  - flotilla.eks.retries
seealso:
  - module: flotilla.eks.cluster
  - name: aws eks update-kubeconfig
    description: The command of the AWS CLI for the same purpose.
    link: https://docs.aws.amazon.com/cli/latest/reference/eks/update-kubeconfig.html
"""

EXAMPLES = r"""
- name: Lead kubectl to a cluster
  flotilla.eks.kubeconfig:
    cluster_name: production
    region: eu-central-1

- name: Name the context, assume a role, do not describe the cluster again
  flotilla.eks.kubeconfig:
    cluster_name: production
    cluster: "{{ cluster_result }}"
    context: frankfurt-admin
    role_arn: arn:aws:iam::123456789012:role/cluster-admin
    set_current_context: true

- name: Write a file of its own for tools without the AWS CLI, good for some minutes
  flotilla.eks.kubeconfig:
    cluster_name: production
    region: eu-central-1
    auth: token
    path: /run/deploy/kubeconfig

- name: Take the cluster out of the file
  flotilla.eks.kubeconfig:
    cluster_name: production
    state: absent
"""

RETURN = r"""
path:
  description: The kubeconfig file.
  returned: success
  type: str
  sample: /home/deploy/.kube/config
context:
  description: Name of the context.
  returned: success
  type: str
  sample: production
cluster:
  description: Name of the cluster entry, the ARN of the cluster.
  returned: when the state is present and the cluster exists
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:cluster/production
user:
  description: Name of the user entry.
  returned: when the state is present and the cluster exists
  type: str
  sample: production@arn:aws:eks:eu-central-1:123456789012:cluster/production
endpoint:
  description: Address of the cluster's Kubernetes API.
  returned: when the state is present and the cluster exists
  type: str
  sample: https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com
current_context:
  description: The current context of the file after the task, empty if it has none.
  returned: when the file was read
  type: str
  sample: production
expires:
  description: Until when the stored token is valid.
  returned: when O(auth=token)
  type: str
  sample: "2026-01-31T12:14:00+00:00"
backup_file:
  description: The copy of the file as it was.
  returned: when O(backup=true) and the file changed
  type: str
  sample: /home/deploy/.kube/config.4711.2026-01-31@12:00:00~
"""

from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.entry import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
