# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is of the self-managed node groups of a cluster, in a number of calls that does not grow with them.

Only hooks are asked for group by group, as their API wants it, and only where somebody says something of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.flotilla.eks.plugins.module_utils._client import Client
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed import launch_data, scaling_groups
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.plan import Observed
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling import Live
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import NODEGROUP_TAG, tags_of
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import NAME, Nodegroup


@dataclass(frozen=True)
class Sources:
    """What each listing told: by name what has one, versions by the id of their template."""

    templates: Mapping[str, Values] = field(default_factory=dict)
    versions: Mapping[str, Sequence[Values]] = field(default_factory=dict)
    groups: Mapping[str, Values] = field(default_factory=dict)
    hooks: Mapping[str, Sequence[Values]] = field(default_factory=dict)
    policies: Mapping[str, Sequence[Values]] = field(default_factory=dict)

    @property
    def nodegroups(self) -> list[str]:
        """The names of the node groups that something belongs to."""
        owned = [tags_of(thing).get(NODEGROUP_TAG) for thing in (*self.templates.values(), *self.groups.values())]
        return sorted({name for name in owned if name})


def read(client: Client, cluster: str, wanted: Sequence[Nodegroup]) -> Sources:
    """All that is known of what is wanted, and of all that belongs to the cluster. Raises AwsError."""
    present = [group for group in wanted if not group.absent]
    scaling = [one for group in present for one in group.scaling_groups]
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        listing = pool.submit(_templates, client, cluster, [group.full_name for group in wanted])
        groups = pool.submit(_groups, client, cluster, [one.name for one in scaling])
        versions = pool.submit(scaling_groups.current_versions, client)
        there, templates = groups.result(), listing.result()
        with_policies = [one.name for one in scaling if one.policies is not None and one.name in there]
        policies = pool.submit(policies_of, client, with_policies)
        hooks = hooks_of(client, [one.name for one in scaling if one.hooks is not None and one.name in there], pool)
        known = _by(versions.result(), "launch_template_id")
        known |= _older(client, present, templates, known, pool)
        return Sources(templates, known, there, hooks, policies.result())


def read_all(client: Client, cluster: str) -> Sources:
    """All that belongs to the node groups of a cluster, with hooks and policies. Raises AwsError."""
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        listing = pool.submit(_templates, client, cluster, [])
        versions = pool.submit(scaling_groups.current_versions, client)
        groups = _groups(client, cluster, [])
        policies = pool.submit(policies_of, client, list(groups))
        hooks = hooks_of(client, list(groups), pool)
        return Sources(listing.result(), _by(versions.result(), "launch_template_id"), groups, hooks, policies.result())


def observed(sources: Sources, nodegroup: Nodegroup) -> Observed:
    """What belongs to a node group, or has the name of something of it."""
    template = sources.templates.get(nodegroup.full_name)
    if template and nodegroup.absent and not nodegroup.owner.items() <= tags_of(template).items():
        template = None  # somebody else's, so there is nothing to remove
    named = {one.name for one in nodegroup.scaling_groups}
    groups = {
        name: Live(group, sources.hooks.get(name, ()), sources.policies.get(name, ()))
        for name, group in sources.groups.items()
        if (name in named and not nodegroup.absent) or nodegroup.owner.items() <= tags_of(group).items()
    }
    return Observed(template, sources.versions.get(template["launch_template_id"], ()) if template else (), groups)


def _templates(client: Client, cluster: str, names: Sequence[str]) -> dict[str, Values]:
    """Those of the cluster, and those of others that have a wanted name."""
    found = {one["launch_template_name"]: one for one in scaling_groups.owned_templates(client, cluster)}
    missing = [name for name in names if name not in found]
    return found | {one["launch_template_name"]: one for one in scaling_groups.named_templates(client, missing)}


def _groups(client: Client, cluster: str, names: Sequence[str]) -> dict[str, Values]:
    found = {one[NAME]: one for one in scaling_groups.owned_groups(client, cluster)}
    missing = [name for name in names if name not in found]
    return found | {one[NAME]: one for one in scaling_groups.named_groups(client, missing)}


def _older(
    client: Client,
    wanted: Sequence[Nodegroup],
    templates: Mapping[str, Values],
    known: Mapping[str, Sequence[Values]],
    pool: ThreadPoolExecutor,
) -> dict[str, list[Values]]:
    """All versions of those templates whose latest and default version are not what is wanted."""
    ids = [
        templates[group.full_name]["launch_template_id"]
        for group in wanted
        if group.data is not None
        and group.full_name in templates
        and not _is_current(group.data, group, templates, known)
    ]
    found = pool.map(lambda template: scaling_groups.template_versions(client, template), ids)
    return dict(zip(ids, found, strict=True))


def _is_current(
    data: Values, group: Nodegroup, templates: Mapping[str, Values], known: Mapping[str, Sequence[Values]]
) -> bool:
    versions = known.get(templates[group.full_name]["launch_template_id"], ())
    return any(launch_data.same(version["launch_template_data"], data) for version in versions)


def hooks_of(client: Client, names: Sequence[str], pool: ThreadPoolExecutor) -> dict[str, list[Values]]:
    """The lifecycle hooks of scaling groups that exist: a call for each, as the API wants it. Raises AwsError."""

    def look(name: str) -> list[Values]:
        return client.listed("autoscaling", "DescribeLifecycleHooks", "LifecycleHooks", AutoScalingGroupName=name)

    return dict(zip(names, pool.map(look, names), strict=True))


def policies_of(client: Client, names: Collection[str]) -> dict[str, list[Values]]:
    """The scaling policies of some groups: those of one, or else of all groups in one list. Raises AwsError."""
    if not names:
        return {}
    one = {"AutoScalingGroupName": next(iter(names))} if len(names) == 1 else {}
    return _by(client.listed("autoscaling", "DescribePolicies", "ScalingPolicies", MaxRecords=100, **one), NAME)


def _by(items: Sequence[Values], key: str) -> dict[str, list[Values]]:
    found: dict[str, list[Values]] = {}
    for item in items:
        found.setdefault(item[key], []).append(item)
    return found
