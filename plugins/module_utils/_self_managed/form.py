# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Self-managed node groups as results tell them: their state, and the words to ask for them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import prune
from ansible_collections.flotilla.eks.plugins.module_utils._plan import RESERVED_TAGS
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed import launch_data
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.partial import says_nothing
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.plan import Observed
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling import (
    MIXED,
    SIZES,
    Live,
    sizes,
    subnets_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    CLUSTER_TAG,
    NODEGROUP_TAG,
    ROLL_TAG,
    SPECIFICATION,
    in_service,
    is_outdated,
    tags_of,
    template_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.tags import KEPT_TAGS
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import (
    NAME,
    NOT_OF_A_SCALING_GROUP,
    Nodegroup,
    ScalingGroup,
    full_name,
)

POOL = "warm_pool_configuration"
OWN = {CLUSTER_TAG, NODEGROUP_TAG}


def state(name: str, observed: Observed, wanted: Nodegroup | None = None) -> Values:
    """What results tell of a node group: its template, and each scaling group with what is left to a roll."""
    asked = {one.name: one for one in wanted.scaling_groups} if wanted else {}
    return {
        "name": name,
        "launch_template": _template_state(observed),
        "scaling_groups": [_scaling_state(live.group, asked.get(key)) for key, live in sorted(observed.groups.items())],
    }


def _template_state(observed: Observed) -> Values | None:
    if observed.template is None:
        return None
    default = observed.default
    return {
        "id": observed.template["launch_template_id"],
        "name": observed.template["launch_template_name"],
        "version": str(observed.template["default_version_number"]),
        "user_data_hash": launch_data.fingerprint(default["launch_template_data"]) if default else None,
    }


def _scaling_state(group: Values, wanted: ScalingGroup | None) -> Values:
    asked = sizes(wanted, group) if wanted else None
    launched = template_of(group)
    instances = group.get("instances") or []
    return {
        "name": group[NAME],
        "arn": group.get("auto_scaling_group_arn"),
        "launch_template_version": launched.version if launched else None,
        **{name: group[name] for name in SIZES},
        "instances": [_instance(group, one) for one in instances],
        "in_service": len(in_service(group)),
        "outdated": sum(is_outdated(group, one) for one in instances),
        "rolling": ROLL_TAG in tags_of(group),
        **({"surplus": asked.surplus, "pending": asked.pending} if asked else {}),
    }


def _instance(group: Values, instance: Values) -> Values:
    launched = template_of(instance)
    return {
        "instance_id": instance["instance_id"],
        "instance_type": instance.get("instance_type"),
        "availability_zone": instance["availability_zone"],
        "lifecycle_state": instance["lifecycle_state"],
        "health_status": instance["health_status"],
        "launch_template_version": launched.version if launched else None,
        "outdated": is_outdated(group, instance),
        "protected_from_scale_in": instance.get("protected_from_scale_in", False),
    }


def form(cluster: str, name: str, observed: Observed, members: Sequence[str], user_data: bool) -> Values:
    """An entry of the module's option ``groups`` that describes a node group as it is.

    ``members`` are the options that a scaling group has by the API.
    """
    said: Values = {"name": name}
    default = observed.default
    if default:
        data = _without_answers(default["launch_template_data"])
        text = launch_data.text_of(data)
        data.pop(launch_data.USER_DATA, None)
        said["launch_template"] = {**data, **({launch_data.USER_DATA: text} if user_data and text else {})}
    tags = {key: value for key, value in tags_of(observed.template or {}).items() if key not in OWN}
    own = {"Name": full_name(cluster, name)}
    said |= _given({"tags": _rest(tags, own)})
    return {
        **said,
        "scaling_groups": [
            _scaling_form(cluster, name, live, members) for _key, live in sorted(observed.groups.items())
        ],
    }


def _without_answers(data: Values) -> Values:
    """The data of a version without what cannot be asked for."""
    copy = {name: dict(value) if isinstance(value, Mapping) else value for name, value in data.items()}
    for name, answered in launch_data.ONLY_ANSWERED.items():
        for member in answered:
            prune(copy, f"{name}.{member}")
    return _given(copy)


def _scaling_form(cluster: str, nodegroup: str, live: Live, members: Sequence[str]) -> Values:
    group = live.group
    settings = {name: group[name] for name in members if name in group and name not in NOT_OF_A_SCALING_GROUP}
    if settings.get("traffic_sources") and (group.get("target_group_arns") or group.get("load_balancer_names")):
        del settings["traffic_sources"]  # the same once more
    if settings.get(MIXED):
        policy = {**settings[MIXED], "launch_template": dict(settings[MIXED].get("launch_template") or {})}
        settings[MIXED] = policy
        prune(settings, SPECIFICATION)
    tags = [tag for tag in group.get("tags") or () if not tag["key"].startswith(RESERVED_TAGS)]
    propagated = {tag["key"]: tag.get("value") or "" for tag in tags if tag.get("propagate_at_launch")}
    own = {"Name": full_name(cluster, nodegroup), f"kubernetes.io/cluster/{cluster}": "owned"}
    return _given(
        {
            "name": group[NAME],
            **settings,
            "subnets": subnets_of(group),
            "warm_pool": {key: value for key, value in (group.get(POOL) or {}).items() if key != "status"},
            "lifecycle_hooks": [_entry(hook, (NAME, "global_timeout")) for hook in live.hooks],
            "scaling_policies": [_entry(policy, (NAME, "policy_arn", "alarms")) for policy in live.policies],
            "tags": _rest({key: value for key, value in propagated.items() if key not in KEPT_TAGS}, own),
            "group_tags": {
                tag["key"]: tag.get("value") or ""
                for tag in tags
                if tag["key"] not in propagated and tag["key"] not in KEPT_TAGS
            },
        }
    )


def _entry(value: Values, without: Sequence[str]) -> Values:
    return _given({key: item for key, item in value.items() if key not in without})


def _rest(tags: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The tags that the module would not set of itself."""
    return {key: value for key, value in tags.items() if own.get(key) != value}


def _given(values: Mapping[str, Any]) -> Values:
    return {name: value for name, value in values.items() if not says_nothing(value)}
