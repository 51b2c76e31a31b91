# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EKS itself offers, as one List operation tells it: versions of Kubernetes, access policies."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values


@dataclass(frozen=True)
class Listing:
    """``answer`` is the key of the list in answers and in results; ``options`` are the operation's own members."""

    operation: str
    answer: str
    options: Values = field(default_factory=dict)  # an argument_spec


CLUSTER_VERSIONS = Listing(
    operation="DescribeClusterVersions",
    answer="cluster_versions",
    options={
        "cluster_versions": {"type": "list", "elements": "str"},
        "version_status": {"type": "str", "choices": ["STANDARD_SUPPORT", "EXTENDED_SUPPORT", "UNSUPPORTED"]},
        "default_only": {"type": "bool", "default": False},
        "include_all": {"type": "bool", "default": False},
        "cluster_type": {"type": "str"},
    },
)
ACCESS_POLICIES = Listing(operation="ListAccessPolicies", answer="access_policies")


def run(listing: Listing) -> None:
    """main() of a listing's module."""
    module = AnsibleAWSModule(argument_spec=dict(listing.options), supports_check_mode=True)
    asked = {name: module.params[name] for name in listing.options if module.params[name]}
    client = client_for(module)
    what = listing.answer.replace("_", " ")
    found = guarded(module, what, lambda: client.pages(listing.operation, listing.answer, **asked))
    module.exit_json(changed=False, **{listing.answer: found})
