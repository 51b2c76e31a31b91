# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Auto Scaling groups and launch templates of self-managed node groups: whose they are, and how they are read.

A scaling group, an instance in one and a template are what AWS answers, in options' spelling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._client import Client, portions
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick

CLUSTER_TAG = "flotilla.eks/cluster"
NODEGROUP_TAG = "flotilla.eks/nodegroup"
ROLL_TAG = "flotilla.eks/roll"  # on a scaling group whose instances are being replaced; holds what to return to
IN_SERVICE = "InService"
SPECIFICATION = "mixed_instances_policy.launch_template.launch_template_specification"
DELETING = "Delete in progress"  # the status of a scaling group that is on its way out; else it has none

# The most that a page, and a list of names, may hold: service models of ec2 and autoscaling, and
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
GROUPS_A_PAGE = 100
TEMPLATES_A_PAGE = 200


@dataclass(frozen=True)
class Template:
    """A version of a launch template, as a scaling group or an instance names it. The id alone tells it from others."""

    id: str
    name: str = field(compare=False)
    version: str


def owner(cluster: str, nodegroup: str) -> dict[str, str]:
    """The tags of all that belongs to a self-managed node group."""
    return {CLUSTER_TAG: cluster, NODEGROUP_TAG: nodegroup}


def tags_of(thing: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a scaling group or a template."""
    return {tag["key"]: tag.get("value") or "" for tag in thing.get("tags") or ()}


def template_of(thing: Values) -> Template | None:
    """What a scaling group launches from, or an instance in one was launched from; None for a launch configuration."""
    found = thing.get("launch_template") or pick(thing, SPECIFICATION)
    if not found:
        return None
    return Template(
        found.get("launch_template_id") or "",
        found.get("launch_template_name") or "",
        found.get("version") or "$Default",
    )


def in_service(group: Values) -> list[Values]:
    """The instances that do their work."""
    return [instance for instance in group.get("instances") or () if instance["lifecycle_state"] == IN_SERVICE]


def is_leaving(instance: Values) -> bool:
    return bool(instance["lifecycle_state"].startswith("Terminat"))


def is_outdated(group: Values, instance: Values) -> bool:
    """Whether an instance was launched from another template or version than its group's."""
    return template_of(instance) != template_of(group)


def owned_groups(client: Client, cluster: str) -> list[Values]:
    """The scaling groups of all self-managed node groups of a cluster. Raises AwsError."""
    return _groups(client, Filters=[{"Name": f"tag:{CLUSTER_TAG}", "Values": [cluster]}])


def named_groups(client: Client, names: Sequence[str]) -> list[Values]:
    """Those of the scaling groups that exist. Raises AwsError."""
    return [
        group for some in portions(names, GROUPS_A_PAGE) for group in _groups(client, AutoScalingGroupNames=list(some))
    ]


def _groups(client: Client, **choice: Any) -> list[Values]:
    return client.listed(
        "autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", MaxRecords=GROUPS_A_PAGE, **choice
    )


def owned_templates(client: Client, cluster: str) -> list[Values]:
    """The launch templates of all self-managed node groups of a cluster. Raises AwsError."""
    return _templates(client, f"tag:{CLUSTER_TAG}", [cluster])


def named_templates(client: Client, names: Sequence[str]) -> list[Values]:
    """Those of the launch templates that exist. Raises AwsError."""
    return [
        template
        for some in portions(names, TEMPLATES_A_PAGE)
        for template in _templates(client, "launch-template-name", some)
    ]


def _templates(client: Client, key: str, values: Sequence[str]) -> list[Values]:
    filters = [{"Name": key, "Values": list(values)}]
    return client.listed(
        "ec2", "DescribeLaunchTemplates", "LaunchTemplates", Filters=filters, MaxResults=TEMPLATES_A_PAGE
    )


def template_versions(client: Client, template_id: str, numbers: Iterable[str] = (), **more: Any) -> list[Values]:
    """The versions of a launch template with these numbers, $Latest or $Default; all of them without any. Each has
    ``launch_template_id``, ``version_number``, ``default_version`` and ``launch_template_data``. ``more`` are members
    of the request. Raises AwsError.
    """
    wanted, more = sorted(set(numbers)), {"LaunchTemplateId": template_id, **more}
    choices = [{"Versions": list(some)} for some in portions(wanted, TEMPLATES_A_PAGE)] or [{}]
    return [one for choice in choices for one in _versions(client, **more, **choice)]


def current_versions(client: Client) -> list[Values]:
    """The latest and the default version of every launch template of the region: one list, whatever is in it.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html Raises AwsError.
    """
    return _versions(client, Versions=["$Latest", "$Default"])


def _versions(client: Client, **choice: Any) -> list[Values]:
    key = "LaunchTemplateVersions"
    return client.listed("ec2", "DescribeLaunchTemplateVersions", key, MaxResults=TEMPLATES_A_PAGE, **choice)
