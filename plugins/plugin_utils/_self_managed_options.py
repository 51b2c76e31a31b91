# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said of a self-managed node group, and whether a value is of such a form. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_rules import RULE_OPTIONS

Item = dict[str, Any]

USER_DATA_OPTIONS = (
    "taints",
    "max_pods",
    "cluster_dns",
    "kubelet",
    "kubelet_flags",
    "node_config",
    "settings",
    "before",
    "after",
)
OPTIONS: dict[str, Any] = {
    "name": str,
    "state": ("present", "absent"),
    "ami": {"family": str, "variant": str, "os_version": str, "architecture": str, "release": str, "image_id": str},
    "version": str,
    "instance_types": [str],
    "capacity_type": ("ON_DEMAND", "SPOT", "CAPACITY_BLOCK"),
    "instances_distribution": dict,
    "scaling": {"min_size": int, "max_size": int, "desired_size": (int, "ignore")},
    "subnets": [str],
    "one_group_per_zone": bool,
    "labels": dict,
    "taints": list,
    "max_pods": int,
    "cluster_dns": list,
    "kubelet": dict,
    "kubelet_flags": list,
    "node_config": dict,
    "settings": dict,
    "before": list,
    "after": list,
    "volumes": [
        {
            "device_name": str,
            "volume_size": int,
            "volume_type": str,
            "iops": int,
            "throughput": int,
            "encrypted": bool,
            "kms_key_id": str,
            "snapshot_id": str,
            "delete_on_termination": bool,
            "volume_initialization_rate": int,
        }
    ],
    "metadata_options": {
        "http_tokens": ("required", "optional"),
        "http_put_response_hop_limit": int,
        "http_endpoint": ("enabled", "disabled"),
        "http_protocol_ipv6": ("enabled", "disabled"),
    },
    "efa": {"interfaces": int, "interface_type": ("efa", "efa-only")},
    "placement": dict,
    "capacity_reservation": dict,
    "key_name": str,
    "cluster_security_group": bool,
    "security_group_rules": [RULE_OPTIONS],
    "security_groups": [str],
    "warm_pool": dict,
    "lifecycle_hooks": [dict],
    "scaling_policies": [dict],
    "target_group_arns": [str],
    "cluster_autoscaler": bool,
    "tags": dict,
    "role_arn": str,
    "instance_profile": str,
    "policies": [str],
    "launch_template": dict,
    "scaling_group": dict,
}
"""What can be said of a group: a type, the values to choose from, a list of such, or what can be said of a part.

Of metadata_options, instance_metadata_tags is left out: with it no key of a tag may have a slash, but nodes have such
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html).
"""

_TYPE_NAMES = {str: "text", int: "whole number", bool: "boolean", dict: "mapping", list: "list"}


class GroupError(ValueError):
    """What a group cannot be. The text names the option, what was found and what to do."""


def checked(where: str, value: Any, form: Any) -> Any:
    """A value if it is of a form (see OPTIONS), numbers and booleans as such. Raises GroupError."""
    if isinstance(form, Mapping):
        return _members(where, _typed(where, value, dict), form)
    if isinstance(form, list):
        items = [value] if form == [str] and _is(value, str) else _typed(where, value, list)
        return [checked(f"{where}[{place}]", one, form[0]) for place, one in enumerate(items)]
    if isinstance(form, tuple):
        return _chosen(where, value, form)
    return _typed(where, value, form)


def _members(where: str, value: Mapping[str, Any], form: Mapping[str, Any]) -> Item:
    prefix = f"{where}." if where else ""
    for name in value:
        if name not in form:
            raise GroupError(f"{prefix}{name}: there is no such option; there are {', '.join(form)}")
    return {name: checked(f"{prefix}{name}", one, form[name]) for name, one in value.items() if one is not None}


def _chosen(where: str, value: Any, form: tuple[Any, ...]) -> Any:
    for choice in form:
        if value == choice:
            return value
        if isinstance(choice, type) and _is(value, choice):
            return _typed(where, value, choice)
    choices = [f"a {_TYPE_NAMES[one]}" if isinstance(one, type) else str(one) for one in form]
    raise GroupError(f"{where}: {value!r} is none of {', '.join(choices)}; give one of them")


def _typed(where: str, value: Any, kind: type) -> Any:
    if not _is(value, kind):
        advice = "quote it" if kind is str else "give one"
        raise GroupError(f"{where or 'the group'}: {value!r} is no {_TYPE_NAMES[kind]}; {advice}")
    if kind is bool:
        return str(value).lower() in ("true", "yes")
    return kind(value) if kind in (int, str) else value


def _is(value: Any, kind: type) -> bool:
    """Whether a value is of a type, or a text that says one, as templates make."""
    if kind is bool:
        return str(value).lower() in ("true", "false", "yes", "no")
    if kind is int:
        return not isinstance(value, bool) and str(value).isdecimal()
    if kind is list:
        return isinstance(value, Sequence) and not isinstance(value, str)
    if kind is str:
        return isinstance(value, str) or _is(value, int)
    return isinstance(value, Mapping)
