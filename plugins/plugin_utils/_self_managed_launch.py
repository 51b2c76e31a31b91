# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a self-managed node group launches, and in which Auto Scaling groups: as flotilla.eks.self_managed_nodegroups
takes it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_groups import (
    NODEGROUP_LABEL,
    ROLE_TAG,
    Group,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_options import GroupError, Item
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import taints_of

_GIB = 80  # of the volume that images and containers are on: 20, as AMIs have, are full of images before long
_MAIN_VOLUME = {"al2023": "/dev/xvda", "bottlerocket": "/dev/xvdb", "ubuntu": "/dev/sda1", "windows": "/dev/sda1"}
_OTHER_VOLUMES = {"bottlerocket": ["/dev/xvda"]}  # of the system alone, which stays as small as its image
_EVERY_VOLUME = {"volume_type": "gp3", "encrypted": True, "delete_on_termination": True}
_METADATA = {"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1}
"""One hop reaches the node itself, and no pod but those on the network of the node: what a pod may do in AWS says its
own role. https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html"""

_AUTOSCALER = "k8s.io/cluster-autoscaler"
_MOST_TAGS = 50  # of an Auto Scaling group
_MOST_TAG_KEY = 128


@dataclass(frozen=True)
class Facts:
    """What is known of a group from elsewhere. ``zones`` tells the zone of each subnet."""

    cluster: Mapping[str, Any]
    image_id: str
    instance_profile: str
    role_arn: str
    security_group_ids: Sequence[str]
    zones: Mapping[str, str] = field(default_factory=dict)


def nodegroup(group: Group, facts: Facts) -> Item:
    """A node group as the module takes it. Raises GroupError and UserDataError."""
    return {
        "name": group.name,
        "launch_template": launch_template(group, facts),
        "scaling_groups": list(_scaling_groups(group, facts)),
        "tags": group.get("tags", {}),
    }


def launch_template(group: Group, facts: Facts) -> Item:
    """The data of the launch template, user data as text. Raises UserDataError."""
    profile = facts.instance_profile
    data: Item = {
        "image_id": facts.image_id,
        "iam_instance_profile": {"arn" if profile.startswith("arn:") else "name": profile},
        "user_data": group.user_data(facts.cluster),
        "metadata_options": {**_METADATA, **group.get("metadata_options", {})},
        "block_device_mappings": _volumes(group),
        "key_name": group.get("key_name"),
        "placement": group.get("placement"),
        "capacity_reservation_specification": group.get("capacity_reservation"),
        "tag_specifications": _launch_tags(group),
    }
    if group.instance_types and not _mixed(group):
        data["instance_type"] = group.instance_types[0]
    if group.get("capacity_type") == "CAPACITY_BLOCK":
        data["instance_market_options"] = {"market_type": "capacity-block"}
    data = merged({name: value for name, value in data.items() if value}, group.get("launch_template", {}))
    return {**data, **_network(group, data, list(facts.security_group_ids))}


def _volumes(group: Group) -> list[Item]:
    """Those of the family and further ones. What is said of one without a name is said of that of the containers."""
    family = group.ami.family
    main = _MAIN_VOLUME[family]
    volumes: dict[str, Item] = {name: dict(_EVERY_VOLUME) for name in _OTHER_VOLUMES.get(family, [])}
    volumes[main] = {**_EVERY_VOLUME, "volume_size": _GIB}
    for given in group.get("volumes", []):
        ebs = {name: value for name, value in given.items() if name != "device_name"}
        name = given.get("device_name") or main
        volumes[name] = {**volumes.get(name, _EVERY_VOLUME), **ebs}
    return [{"device_name": name, "ebs": ebs} for name, ebs in volumes.items()]


def _launch_tags(group: Group) -> list[Item]:
    """Of what instances bring along; the instances' own come from the Auto Scaling group."""
    tags = {"Name": group.full_name, **group.get("tags", {}), **group.owner}
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    return [{"resource_type": kind, "tags": listed} for kind in ("volume", "network-interface")]


def _network(group: Group, data: Mapping[str, Any], security_group_ids: list[str]) -> Item:
    """Security groups belong to the network interfaces, where there are any in the launch template."""
    given = data.get("network_interfaces") or _efa_interfaces(group)
    if not given:
        return {"security_group_ids": data.get("security_group_ids") or security_group_ids}
    return {"network_interfaces": [{"groups": security_group_ids, **one} for one in given]}


def _efa_interfaces(group: Group) -> list[Item]:
    """One for each network card. The first carries IP too, so it cannot be "efa-only".

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-efa.html
    """
    asked = group.get("efa")
    if asked is None:
        return []
    kind = asked.get("interface_type", "efa")
    return [
        {
            "device_index": min(card, 1),
            "network_card_index": card,
            "interface_type": kind if card else "efa",
            "delete_on_termination": True,
        }
        for card in range(asked.get("interfaces", 1))
    ]


def _scaling_groups(group: Group, facts: Facts) -> Iterator[Item]:
    for name, subnets in _places(group, facts.zones).items():
        settings: Item = {
            "name": name,
            "subnets": subnets,
            "min_size": group.get("scaling")["min_size"],
            "max_size": group.get("scaling")["max_size"],
            "desired_capacity": group.desired_size,
            "mixed_instances_policy": _policy(group),
            "tags": group.get("tags", {}),
            "group_tags": _group_tags(group, facts),
        }
        passed = ("warm_pool", "lifecycle_hooks", "scaling_policies", "target_group_arns")
        settings |= {option: group.get(option) for option in passed}
        yield merged(
            {key: value for key, value in settings.items() if value is not None}, group.get("scaling_group", {})
        )


def _places(group: Group, zones: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of the Auto Scaling groups with the subnets of each. Raises GroupError."""
    subnets = group.get("subnets")
    if not group.get("one_group_per_zone"):
        return {group.full_name: list(subnets)}
    places: dict[str, list[str]] = {}
    for subnet in subnets:
        if subnet not in zones:
            raise GroupError(f"subnets: {subnet} is not there; check its id, the region and the account")
        places.setdefault(f"{group.full_name}-{zones[subnet]}", []).append(subnet)
    return places


def _mixed(group: Group) -> bool:
    several = len(group.instance_types) > 1
    return several or group.get("capacity_type") == "SPOT" or bool(group.get("instances_distribution"))


def _policy(group: Group) -> Item:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/allocation-strategies.html"""
    if not _mixed(group):
        return {}
    spot = group.get("capacity_type") == "SPOT"
    distribution = {
        "on_demand_percentage_above_base_capacity": 0 if spot else 100,
        "spot_allocation_strategy": "price-capacity-optimized",
    }
    overrides = [{"instance_type": one} for one in group.instance_types]
    return {
        "launch_template": {"overrides": overrides},
        "instances_distribution": {**distribution, **group.get("instances_distribution", {})},
    }


def _group_tags(group: Group, facts: Facts) -> Item:
    """Tags that instances need not have. Raises GroupError if there are too many."""
    tags = {ROLE_TAG: facts.role_arn, **(_autoscaler_tags(group) if group.for_cluster_autoscaler else {})}
    fixed = ("Name", f"kubernetes.io/cluster/{group.cluster}", *group.owner)
    count = len({*tags, *group.get("tags", {}), *fixed})
    if count > _MOST_TAGS:
        raise GroupError(
            f"tags: its Auto Scaling group would have {count} tags, and AWS allows {_MOST_TAGS}; give fewer tags, "
            "labels or taints, or cluster_autoscaler: false"
        )
    return tags


def _autoscaler_tags(group: Group) -> dict[str, str]:
    """How a cluster autoscaler finds the group, and knows of its nodes while there are none.

    https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
    """
    template = f"{_AUTOSCALER}/node-template"
    labels = {**group.get("labels", {}), NODEGROUP_LABEL: group.name}
    tags = {f"{_AUTOSCALER}/enabled": "true", f"{_AUTOSCALER}/{group.cluster}": "owned"}
    tags |= {f"{template}/label/{key}": value for key, value in labels.items()}
    for taint in taints_of(group.get("taints", [])):
        tags[f"{template}/taint/{taint.key}"] = f"{taint.value}:{taint.effect}"
    for key in tags:
        if len(key) > _MOST_TAG_KEY:
            raise GroupError(
                f"cluster_autoscaler: the tag {key} has {len(key)} characters, and AWS allows {_MOST_TAG_KEY}; shorten "
                "the label or taint, or give cluster_autoscaler: false"
            )
    return tags


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Item:
    """Mappings merged, what is above wins; lists take the place of lists."""
    return {
        **below,
        **{
            key: merged(below[key], value)
            if isinstance(value, Mapping) and isinstance(below.get(key), Mapping)
            else value
            for key, value in above.items()
        },
    }
