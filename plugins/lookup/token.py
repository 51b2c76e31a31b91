# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bearer token of a cluster as a lookup, over the functions that the modules use."""

from __future__ import annotations

DOCUMENTATION = r"""
name: token
version_added: 0.1.0
short_description: A bearer token for the Kubernetes API of an EKS cluster
author: flotilla.eks contributors (!UNKNOWN)
description:
  - Makes a token as C(aws eks get-token) does, without the AWS CLI. It is signed here; AWS is not asked, unless a role
    is to be assumed.
  - A token is good for 14 minutes, and a secret for as long. Look it up where it is used, as C(api_key) of a module of
    C(kubernetes.core) or in C(module_defaults), so that each task has a fresh one; do not keep it in a fact.
options:
  _terms:
    description:
      - Name of the cluster, or several. A local cluster on Outposts goes by its id.
      - No cluster is asked for it, so a token for a name that does not exist is a token that nobody takes.
    required: true
  assume_role_arn:
    description:
      - ARN of an IAM role to assume. The token is then this role's.
      - Empty means none.
    type: str
    aliases: [iam_role_arn, role_arn]
  session_name:
    description:
      - Name of the session of O(assume_role_arn), which the user name in the cluster may contain.
      - The default is made of the name of the cluster.
    type: str
seealso:
  - module: flotilla.eks.kubeconfig
extends_documentation_fragment:
  - flotilla.eks.boto
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
"""

EXAMPLES = r"""
- name: See the nodes
  kubernetes.core.k8s_info:
    kind: Node
    host: "{{ cluster_result.endpoint }}"
    ca_cert: /etc/kubernetes/prod-ca.pem
    api_key: "{{ lookup('flotilla.eks.token', 'prod', region='eu-central-1') }}"

- name: See them as an administrator of another account
  kubernetes.core.k8s_info:
    kind: Node
    host: "{{ cluster_result.endpoint }}"
    ca_cert: /etc/kubernetes/prod-ca.pem
    api_key: >-
      {{ lookup('flotilla.eks.token', 'prod', region='eu-central-1', profile='network',
                assume_role_arn='arn:aws:iam::123456789012:role/admin') }}
"""

RETURN = r"""
_raw:
  description: A token for each name.
  type: list
  elements: str
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible_collections.amazon.aws.plugins.plugin_utils.lookup import AWSLookupBase

from ansible_collections.flotilla.eks.plugins.module_utils._client import Client
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import signer
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import NoWay


class LookupModule(AWSLookupBase):
    """What Ansible calls for ``lookup('flotilla.eks.token', NAME)``."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        super().run(terms, variables, **options)
        region = self.region
        if not region:
            raise AnsibleLookupError(
                "flotilla.eks.token: region: none was found; give region, a profile, or AWS_REGION"
            )
        return [self._token(name, region) for name in terms]

    def _token(self, cluster: str, region: str) -> str:
        client = Client(lambda service, config: self.client(service, config=config))
        role, session = self.get_option("assume_role_arn"), self.get_option("session_name")
        try:
            return signer(self.client, client, cluster, region, role or "", session or "")()
        except NoWay as error:
            message = f"flotilla.eks.token: {error}"
        raise AnsibleLookupError(message)
