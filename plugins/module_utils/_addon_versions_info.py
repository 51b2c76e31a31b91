# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EKS offers of add-ons: versions for a version of Kubernetes, and what can be configured."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._addon_versions import configuration, default, latest
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS

ARGUMENT_SPEC: Values = {
    "name": {"type": "str", "aliases": ["addon_name"]},
    "cluster_name": {"type": "str"},
    "kubernetes_version": {"type": "str"},
    "types": {"type": "list", "elements": "str"},
    "publishers": {"type": "list", "elements": "str"},
    "owners": {"type": "list", "elements": "str"},
    "configuration_of": {"type": "str"},
}
ONE_OF = ["cluster_name", "kubernetes_version"]


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, mutually_exclusive=[ONE_OF], supports_check_mode=True)
    addons = guarded(module, "add-on versions", lambda: read_addons(client_for(module), module.params))
    module.exit_json(changed=False, addons=addons)


def read_addons(client: Client, asked: Values) -> list[Values]:
    """The add-ons asked for, each with the versions that the words latest and default stand for. Raises Refused and
    AwsError.
    """
    wanted = asked["configuration_of"]
    if wanted == "default" and not any(asked[name] for name in ONE_OF):
        raise Refused(
            "configuration_of: found 'default', which depends on Kubernetes: give one of " + ", ".join(ONE_OF)
        )
    if wanted not in (None, "latest", "default") and not asked["name"]:
        raise Refused(f"configuration_of: found {wanted!r}, a version of one add-on: give its name, too")
    version = _kubernetes_version(client, asked)
    filters = {name: asked[name] for name in ("types", "publishers", "owners") if asked[name]}
    found = _listed(client, addon_name=asked["name"], kubernetes_version=version, **filters)
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        return list(pool.map(lambda addon: _described(client, addon, version, wanted), found))


def _kubernetes_version(client: Client, asked: Values) -> str | None:
    if not asked["cluster_name"]:
        return asked["kubernetes_version"]
    return str(client.call("DescribeCluster", name=asked["cluster_name"])["cluster"]["version"])


def _listed(client: Client, **filters: object) -> list[Values]:
    """None of an add-on that EKS does not have."""
    try:
        return client.pages("DescribeAddonVersions", "addons", **filters)
    except AwsError as error:
        if error.not_found:
            return []
        raise


def _described(client: Client, addon: Values, version: str | None, wanted: str | None) -> Values:
    words = {"latest": latest(addon, version), "default": default(addon, version) if version else None}
    told = {**addon, **{f"{word}_version": found for word, found in words.items() if found}}
    chosen = words.get(wanted, wanted) if wanted else None
    if chosen:
        answer = client.call("DescribeAddonConfiguration", addon_name=addon["addon_name"], addon_version=chosen)
        told["configuration"] = configuration(answer)
    return told
