# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A managed node group: nodes in an Auto Scaling group that EKS makes, patches and drains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Advice,
    Hooks,
    Option,
    Resource,
    Update,
    Values,
    flag,
    integer,
    many,
    mapping,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import (
    minor,
    name_problems,
    role_arn_problems,
    version_problems,
)

AMI_TYPES = (
    "AL2_x86_64",
    "AL2_x86_64_GPU",
    "AL2_ARM_64",
    "CUSTOM",
    "BOTTLEROCKET_ARM_64",
    "BOTTLEROCKET_x86_64",
    "BOTTLEROCKET_ARM_64_FIPS",
    "BOTTLEROCKET_x86_64_FIPS",
    "BOTTLEROCKET_ARM_64_NVIDIA",
    "BOTTLEROCKET_x86_64_NVIDIA",
    "BOTTLEROCKET_ARM_64_NVIDIA_FIPS",
    "BOTTLEROCKET_x86_64_NVIDIA_FIPS",
    "WINDOWS_CORE_2019_x86_64",
    "WINDOWS_FULL_2019_x86_64",
    "WINDOWS_CORE_2022_x86_64",
    "WINDOWS_FULL_2022_x86_64",
    "WINDOWS_CORE_2025_x86_64",
    "WINDOWS_FULL_2025_x86_64",
    "AL2023_x86_64_STANDARD",
    "AL2023_ARM_64_STANDARD",
    "AL2023_x86_64_NEURON",
    "AL2023_x86_64_NVIDIA",
    "AL2023_ARM_64_NVIDIA",
)
MOVING_TEMPLATE_VERSIONS = {"$Latest": "LatestVersionNumber", "$Default": "DefaultVersionNumber"}


def no_older_version(before: str | None, after: str) -> str | None:
    """EKS user guide, "Update a managed node group": a group cannot be rolled back to an earlier Kubernetes version."""
    return "a node group is not taken back to an older version" if before and minor(after) < minor(before) else None


def template_kept(before: Any, after: Any) -> str | None:
    """Service model, UpdateNodegroupVersion: another version of the template the group was made with, if it was."""
    return "a node group keeps the launch template it was created with, if any; only its version can change"


def changed_labels(before: Values | None, after: Values) -> Values:
    """UpdateNodegroupConfig is told the labels to set and the keys to remove."""
    before = before or {}
    added = {key: value for key, value in after.items() if before.get(key) != value}
    removed = [key for key in before if key not in after]
    return {**({"add_or_update_labels": added} if added else {}), **({"remove_labels": removed} if removed else {})}


def changed_taints(before: list[Values] | None, after: list[Values]) -> Values:
    """UpdateNodegroupConfig is told the taints to set and those to remove; key and effect tell taints apart."""
    before = before or []
    kept = {_taint(taint)[:2] for taint in after}
    known = {_taint(taint) for taint in before}
    added = [taint for taint in after if _taint(taint) not in known]
    removed = [taint for taint in before if _taint(taint)[:2] not in kept]
    return {**({"add_or_update_taints": added} if added else {}), **({"remove_taints": removed} if removed else {})}


def _taint(taint: Values) -> tuple[str | None, str | None, str]:
    return taint.get("key"), taint.get("effect"), taint.get("value") or ""


def check(desired: Values, observed: Values | None) -> list[str]:
    return [
        *name_problems(desired["name"], longest=63),
        *version_problems(desired.get("version")),
        *role_arn_problems(desired, "node_role"),
        *_scaling_problems(desired, observed),
        *_taint_problems(desired),
        *_template_problems(desired),
        *_repair_problems(desired),
    ]


def _scaling_problems(desired: Values, observed: Values | None) -> list[str]:
    if "scaling_config" not in desired:
        return []
    stated = {**(pick(observed, "scaling_config") or {}), **desired["scaling_config"]}
    sizes = stated if observed else complete(desired)["scaling_config"]
    least, wanted, most = (sizes.get(name, 0) for name in ("min_size", "desired_size", "max_size"))
    if least <= wanted <= most:
        return []
    found = f"min_size {least}, desired_size {wanted}, max_size {most}"
    return [f"scaling_config: found {found}, wanted min_size <= desired_size <= max_size; give all three"]


def _taint_problems(desired: Values) -> list[str]:
    taints = [_taint(taint)[:2] for taint in desired.get("taints") or []]
    twice = sorted({taint for taint in taints if taints.count(taint) > 1}, key=str)
    return [f"taints: found key {key!r} with effect {effect} twice; give it once" for key, effect in twice]


def _template_problems(desired: Values) -> list[str]:
    """Service model, LaunchTemplateSpecification and CreateNodegroup: what a template must say itself."""
    template = desired.get("launch_template")
    if template is None:
        return []
    problems = [
        f"{name}: not possible together with launch_template; say it in the launch template"
        for name in ("disk_size", "remote_access")
        if name in desired
    ]
    if ("id" in template) == ("name" in template):
        problems.append("launch_template: wanted either id or name, to say which launch template is meant")
    return problems


def _repair_problems(desired: Values) -> list[str]:
    """Service model, NodeRepairConfigOverrides: all four members are required."""
    members = ("node_monitoring_condition", "node_unhealthy_reason", "min_repair_wait_time_mins", "repair_action")
    overrides = pick(desired, "node_repair_config.node_repair_config_overrides") or []
    return [
        f"node_repair_config.node_repair_config_overrides[{index}].{name}: missing"
        for index, override in enumerate(overrides)
        for name in members
        if name not in override
    ]


def complete(desired: Values) -> Values:
    """CreateNodegroup takes all three sizes or none; AWS's own defaults, 1, 2 and 1, give way to the ones given."""
    sizes = desired.get("scaling_config")
    if not sizes:
        return desired
    bounds = [sizes[name] for name in ("max_size", "desired_size") if name in sizes]
    least = sizes.get("min_size", min([1, *bounds]))
    wanted = sizes.get("desired_size", least)
    most = sizes.get("max_size", max(2, wanted, least))
    return {**desired, "scaling_config": {"min_size": least, "max_size": most, "desired_size": wanted}}


def resolve(desired: Values, observed: Values | None, read: Callable[..., Any]) -> Values:
    """$Latest and $Default become the number they stand for now; EC2 is asked only if one of them is given."""
    template = desired.get("launch_template") or {}
    number = MOVING_TEMPLATE_VERSIONS.get(template.get("version", ""))
    known_by = "id" if "id" in template else "name"
    if number is None or known_by not in template:
        return desired
    filters = {"id": "LaunchTemplateIds", "name": "LaunchTemplateNames"}
    found = read("ec2", "DescribeLaunchTemplates", **{filters[known_by]: [template[known_by]]})["LaunchTemplates"]
    versions = {"version": str(found[0][number])} if found else {}
    return {**desired, "launch_template": {**template, **versions}}


def taint() -> Option:
    return struct(key=text(), value=text(), effect=text("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"))


def restate(observed: Values) -> Values:
    """With the launch template by its id alone: Describe tells the name too, and requests take one of them."""
    template = observed.get("launch_template")
    if not template or not template.get("id"):
        return observed
    return {**observed, "launch_template": {name: value for name, value in template.items() if name != "name"}}


NODEGROUP = Resource(
    kind="nodegroup",
    label="node group",
    api="Nodegroup",
    identity={"cluster_name": ("cluster_name", "name"), "name": ("nodegroup_name",)},
    listing="nodegroups",
    arn="nodegroup_arn",
    required=("node_role", "subnets"),
    options=struct(
        node_role=text(),
        subnets=many(text()),
        instance_types=many(text(), ordered=True),
        ami_type=text(*AMI_TYPES),
        capacity_type=text("ON_DEMAND", "SPOT", "CAPACITY_BLOCK"),
        disk_size=integer(),
        remote_access=struct(
            ec2_ssh_key=text(),
            source_security_groups=many(text(), aliases=("source_sg",)),
        ),
        scaling_config=struct(
            {"subset": True},
            min_size=integer(),
            max_size=integer(),
            desired_size=integer(),
        ),
        labels=mapping(patch=changed_labels),
        taints=many(taint(), patch=changed_taints),
        update_config=struct(
            {"exclusive": (("max_unavailable", "max_unavailable_percentage"),)},
            max_unavailable=integer(),
            max_unavailable_percentage=integer(),
            update_strategy=text("DEFAULT", "MINIMAL"),
        ),
        node_repair_config=struct(
            {
                "exclusive": (
                    ("max_unhealthy_node_threshold_count", "max_unhealthy_node_threshold_percentage"),
                    ("max_parallel_nodes_repaired_count", "max_parallel_nodes_repaired_percentage"),
                )
            },
            enabled=flag(),
            max_unhealthy_node_threshold_count=integer(),
            max_unhealthy_node_threshold_percentage=integer(),
            max_parallel_nodes_repaired_count=integer(),
            max_parallel_nodes_repaired_percentage=integer(),
            node_repair_config_overrides=many(
                struct(
                    node_monitoring_condition=text(),
                    node_unhealthy_reason=text(),
                    min_repair_wait_time_mins=integer(),
                    repair_action=text("Replace", "Reboot", "NoAction"),
                )
            ),
        ),
        warm_pool_config=struct(
            enabled=flag(),
            min_size=integer(),
            max_group_prepared_capacity=integer(),
            pool_state=text("STOPPED", "RUNNING", "HIBERNATED"),
            reuse_on_scale_in=flag(),
        ),
        launch_template=struct(
            {"subset": True},
            id=text(refuse=template_kept),
            name=text(refuse=template_kept),
            version=text(),
        ),
        version=text(refuse=no_older_version),
        release_version=text(),
    ),
    updates=(
        Update(
            "UpdateNodegroupConfig",
            ("scaling_config", "labels", "taints", "update_config", "node_repair_config", "warm_pool_config"),
        ),
        Update("UpdateNodegroupVersion", ("version", "release_version", "launch_template"), modifiers=("force",)),
    ),
    modifiers={"force": flag()},
    replaceable=True,
    generations=True,
    nested=True,
    wait_timeout=3600,
    advice=(
        Advice("[Kk]ubernetes version", "version", "give the cluster's version, or leave it out"),
        Advice("[Ss]ubnet", "subnets", "give subnets of the cluster's VPC"),
        Advice("[Rr]ole", "node_role", "give a role that exists and that ec2.amazonaws.com may assume"),
    ),
    hooks=Hooks(check=check, complete=complete, resolve=resolve, restate=restate),
)
