# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An add-on: software of the cluster that EKS installs, configures and updates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils import _json_schema
from ansible_collections.flotilla.eks.plugins.module_utils._addon_versions import configuration, default, latest
from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Advice,
    Hooks,
    Lifecycle,
    References,
    Resource,
    Update,
    Values,
    document,
    flag,
    many,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import role_arn_problems

WORDS = ("latest", "default")  # versions that are to be looked up

Find = Callable[..., Any]


def check(desired: Values, observed: Values | None) -> list[str]:
    role = {"service_account_role_arn": desired.get("service_account_role_arn") or None}
    problems = role_arn_problems(role, "service_account_role_arn")
    identities = desired.get("pod_identity_associations") or []
    accounts = [identity["service_account"] for identity in identities]
    for index, identity in enumerate(identities):
        place = f"pod_identity_associations[{index}]"
        problems += [f"{place}.{problem}" for problem in role_arn_problems(identity, "role_arn")]
        if identity["service_account"] in accounts[:index]:
            problems.append(f"{place}.service_account: found {identity['service_account']!r} twice; give it once")
    if not isinstance(desired.get("configuration_values", {}), dict):
        problems.append(f"configuration_values: found {desired['configuration_values']!r}, wanted a dictionary")
    return problems


def complete(desired: Values) -> Values:
    """CreateAddon takes no empty role (service model: at least one character); without one there is none."""
    return {name: value for name, value in desired.items() if name != "service_account_role_arn" or value}


def resolve(desired: Values, observed: Values | None, find: Find) -> Values:
    """``latest`` and ``default`` become the version they stand for on the cluster; AWS is asked only if given."""
    word = desired.get("addon_version")
    if word not in WORDS:
        return desired
    version = _version(word, desired["name"], _cluster_version(desired, find), find)
    return {**desired, "addon_version": version or word}


def examine(desired: Values, observed: Values | None, find: Find) -> list[str]:
    """Whether there is such a version, and the configuration fits its schema."""
    wanted = desired.get("addon_version")
    if wanted in WORDS:
        return _without_version(desired, find)
    before = observed or {}
    values = desired.get("configuration_values", before.get("configuration_values"))
    settled = not _differs("configuration_values", desired, before) and not _differs("addon_version", desired, before)
    if not values or (observed is not None and settled):
        return []
    name = desired["name"]
    version = wanted or before.get("addon_version") or _version("default", name, _cluster_version(desired, find), find)
    schema = _schema(name, version, find) if version else True
    found = _json_schema.problems(schema, values, "configuration_values")
    if found and "configuration_values" not in desired:
        found.append(f"these values are there from before, and {version} does not take them: give configuration_values")
    return found


def _differs(name: str, desired: Values, observed: Values) -> bool:
    return name in desired and (desired[name] or None) != (observed.get(name) or None)


def _cluster_version(desired: Values, find: Find) -> str | None:
    """None if there is no such cluster: in check mode, an earlier task may be the one that makes it."""
    answer = find("eks", "DescribeCluster", name=desired["cluster_name"])
    return answer and answer["cluster"]["version"]


def _version(word: str, name: str, cluster_version: str | None, find: Find) -> str | None:
    if cluster_version is None:
        return None
    answer = find("eks", "DescribeAddonVersions", addon_name=name, kubernetes_version=cluster_version)
    choose = latest if word == "latest" else default
    versions = (choose(addon, cluster_version) for addon in (answer or {}).get("addons", []))
    return next(versions, None)


def _without_version(desired: Values, find: Find) -> list[str]:
    cluster_version = _cluster_version(desired, find)
    if cluster_version is None:
        return []
    return [
        f"addon_version: found {desired['addon_version']!r}, but EKS has no version of {desired['name']} for "
        f"Kubernetes {cluster_version}; addon_versions_info lists the add-ons that it has"
    ]


def _schema(name: str, version: str, find: Find) -> Any:
    """The schema of a version's configuration; of an unknown version, one that allows everything: EKS refuses that."""
    answer = find("eks", "DescribeAddonConfiguration", addon_name=name, addon_version=version)
    return configuration(answer or {})["configuration_schema"]


ADDON = Resource(
    kind="addon",
    label="add-on",
    api="Addon",
    identity={"cluster_name": ("cluster_name", "name"), "name": ("addon_name",)},
    listing="addons",
    arn="addon_arn",
    required=(),
    options=struct(
        addon_version=text(),
        configuration_values=document(),
        service_account_role_arn=text(patch=lambda before, after: after or None),
        pod_identity_associations=many(struct(service_account=text(required=True), role_arn=text(required=True))),
        namespace_config=struct(namespace=text()),
    ),
    updates=(
        Update(
            "UpdateAddon",
            ("addon_version", "configuration_values", "service_account_role_arn", "pod_identity_associations"),
            # Service model: "If you don't specify an existing IAM role, then the add-on uses the permissions assigned
            # to the node IAM role".
            always=("service_account_role_arn",),
            modifiers=("resolve_conflicts",),
        ),
    ),
    modifiers={"resolve_conflicts": text("OVERWRITE", "NONE", "PRESERVE"), "preserve": flag()},
    create_modifiers=("resolve_conflicts",),
    delete_modifiers=("preserve",),
    lifecycle=Lifecycle(failed=Lifecycle().failed | {"UPDATE_FAILED"}),
    references=References(
        option="pod_identity_associations",
        describe="DescribePodIdentityAssociation",
        answer="association",
        id="association_id",
        arn="association_arn",
    ),
    replaceable=True,
    wait_timeout=1200,
    advice=(
        Advice(
            "version specified is not supported",
            "addon_version",
            "give latest, default, or a version that addon_versions_info lists for the cluster's version",
        ),
        Advice("ConfigurationValue", "configuration_values", "addon_versions_info shows the schema of a version"),
        Advice(
            "Trust policy of the role",
            "pod_identity_associations",
            "give roles that pods.eks.amazonaws.com may sts:AssumeRole and sts:TagSession",
        ),
        Advice(
            "Association already exists",
            "pod_identity_associations",
            "delete that association; an add-on takes over none that it did not make",
        ),
        Advice("[Pp]od [Ii]dentity", "pod_identity_associations", "addon_versions_info tells the service accounts"),
        Advice("The role with name", "service_account_role_arn", "give a role that exists"),
    ),
    remedies={
        "InsufficientNumberOfReplicas": "Give the cluster nodes that its pods can run on, and it recovers by itself; "
        "wait: false does not wait for that",
        "ConfigurationConflict": "Set resolve_conflicts: OVERWRITE to overwrite what is there, or, for an update, "
        "PRESERVE to keep it",
        "AccessDenied": "Check the role of service_account_role_arn or pod_identity_associations, its trust policy "
        "and, for a service account role, the cluster's IAM OIDC provider",
        "AddonPermissionFailure": "Give its role the policies that addon_versions_info recommends",
        "AddonSubscriptionNeeded": "Subscribe to its product in the AWS Marketplace",
    },
    hooks=Hooks(check=check, complete=complete, resolve=resolve, examine=examine),
)
