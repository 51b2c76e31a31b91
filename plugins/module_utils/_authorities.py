# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate authorities of a cluster, as the service describes them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS

ARGUMENT_SPEC = {"cluster_name": {"type": "str", "required": True}}


def run() -> None:
    """main() of the info module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    cluster = module.params["cluster_name"]
    who = f"certificate authorities of cluster {cluster}"
    found = guarded(module, who, lambda: read_authorities(client_for(module), cluster))
    module.exit_json(changed=False, certificate_authorities=found)


def read_authorities(client: Client, cluster: str) -> list[Values]:
    """All of them, two at most, the oldest first; without those that vanish meanwhile. Raises AwsError."""
    listed = client.pages("ListCertificateAuthorities", "certificate_authorities", cluster_name=cluster)

    def described(summary: Values) -> Values | None:
        names = {"cluster_name": cluster, "certificate_authority_id": summary["id"]}
        try:
            found: Values = client.call("DescribeCertificateAuthority", **names)["certificate_authority"]
        except AwsError as error:
            if error.not_found:
                return None
            raise
        return found

    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        found = [authority for authority in pool.map(described, listed) if authority is not None]
    return sorted(found, key=lambda authority: str(authority.get("created_at")))
