# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UpdateNodegroupConfig and UpdateNodegroupVersion."""

from __future__ import annotations

from typing import Any

from . import autoscaling, durations, idempotency
from .amis import releases
from .errors import in_use, invalid_parameter, invalid_request
from .launch_templates import Template, require_image_alone, template_of
from .lifecycle import begin_update, being_updated, refuse_if_busy
from .nodegroup_rules import (
    require_labels,
    require_node_repair,
    require_scaling,
    require_taints,
    require_update_config,
    require_warm_pool,
    taint_id,
)
from .nodegroups import require_release, require_supported_ami
from .nodes.replacement import Replacement
from .operations import Call, operation
from .store import Cluster, Resource
from .versions import minor

_PARTS = ("labels", "taints", "scalingConfig", "updateConfig", "nodeRepairConfig", "warmPoolConfig")


@operation("UpdateNodegroupConfig")
def update_nodegroup_config(call: Call) -> dict[str, Any]:
    """What a request does not mention keeps its value; of scalingConfig any subset may be given."""
    cluster = call.cluster()
    group = call.nodegroup(cluster)
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    _require_ready(cluster, group, "ConfigUpdate")
    members = {"clusterName": cluster.name, "nodegroupName": group.name}
    if not any(call.get(part) for part in _PARTS):
        raise invalid_parameter("No changes detected: the request names nothing to update", **members)
    sections = _sections(call, group, members)
    params = _params(call)
    grown = abs(sections["scalingConfig"]["desiredSize"] - group.description["scalingConfig"]["desiredSize"])
    seconds = durations.NODEGROUP_CONFIG + grown * durations.NODEGROUP_SCALE_PER_NODE

    def apply() -> None:
        former = Resource(group.kind, group.name, group.arn, dict(group.description))
        group.description.update(sections, modifiedAt=call.timeline.now)
        call.boots.dress(group, former)
        autoscaling.resize(call, group)

    update = being_updated(call, cluster, group, "ConfigUpdate", params, seconds, apply)
    idempotency.remember(call, update)
    return {"update": update.description}


@operation("UpdateNodegroupVersion")
def update_nodegroup_version(call: Call) -> dict[str, Any]:
    """To the cluster's version and its newest AMI unless the request says otherwise; never back
    ("You cannot roll back a node group to an earlier Kubernetes version or AMI version", service model)."""
    cluster = call.cluster()
    group = call.nodegroup(cluster)
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    _require_ready(cluster, group, "VersionUpdate")
    members = {"clusterName": cluster.name, "nodegroupName": group.name}
    template = _template(call, group, members)
    target = _target(call, cluster, group, template, members)
    if all(group.description.get(name) == value for name, value in target.items()):
        raise invalid_parameter(
            f"No changes detected: nodegroup {group.name} already has version {target['version']}"
            f" and release version {target['releaseVersion']}",
            **members,
        )
    params = {"Version": target["version"], "ReleaseVersion": target["releaseVersion"]}
    if "launchTemplate" in target:
        params["LaunchTemplateName"] = target["launchTemplate"]["name"]
        params["LaunchTemplateVersion"] = target["launchTemplate"]["version"]

    def apply() -> None:
        group.description.update(target, modifiedAt=call.timeline.now)

    def revert() -> None:
        autoscaling.renew(call, cluster, group, {})

    update, conclude = begin_update(call, cluster, group, "VersionUpdate", params, apply, revert)
    autoscaling.renew(call, cluster, group, target)
    Replacement(call, group, call.get("force", False), conclude)
    idempotency.remember(call, update)
    return {"update": update.description}


def _require_ready(cluster: Cluster, group: Resource, kind: str) -> None:
    """One update at a time, and none of a group that comes or goes. DEGRADED groups can be updated: that is how they
    are mended."""
    refuse_if_busy(cluster, group, kind)
    if group.status not in ("ACTIVE", "DEGRADED"):
        raise in_use(
            f"Nodegroup cannot be updated as it is currently in {group.status} status",
            clusterName=cluster.name,
            nodegroupName=group.name,
        )


def _sections(call: Call, group: Resource, members: dict[str, str]) -> dict[str, Any]:
    """The parts of the description after the update, every part checked."""
    present = group.description
    scaling = {**present["scalingConfig"], **call.get("scalingConfig", {})}
    require_scaling(call, scaling, members)
    sections: dict[str, Any] = {
        "scalingConfig": scaling,
        "labels": _labels(call.get("labels", {}), present["labels"], members),
        "taints": _taints(call.get("taints", {}), present.get("taints") or [], members) or None,
    }
    if "updateConfig" in call.parameters:
        given = call.parameters["updateConfig"]
        require_update_config(given, members)
        sections["updateConfig"] = {"updateStrategy": present["updateConfig"]["updateStrategy"], **given}
    if "nodeRepairConfig" in call.parameters:
        require_node_repair(call.parameters["nodeRepairConfig"], members)
        sections["nodeRepairConfig"] = _node_repair(call.parameters["nodeRepairConfig"], present)
    if "warmPoolConfig" in call.parameters:
        sections["warmPoolConfig"] = {**(present.get("warmPoolConfig") or {}), **call.parameters["warmPoolConfig"]}
        require_warm_pool(sections["warmPoolConfig"], present["amiType"], members)
    return sections


def _labels(payload: dict[str, Any], present: dict[str, str], members: dict[str, str]) -> dict[str, str]:
    added, removed = payload.get("addOrUpdateLabels", {}), payload.get("removeLabels", [])
    both = set(added) & set(removed)
    if both:
        raise invalid_parameter(f"Labels cannot be both updated and removed: {', '.join(sorted(both))}", **members)
    require_labels(added, members)
    return {key: value for key, value in {**present, **added}.items() if key not in removed}


def _taints(payload: dict[str, Any], present: list[dict[str, Any]], members: dict[str, str]) -> list[dict[str, Any]]:
    added, removed = payload.get("addOrUpdateTaints", []), payload.get("removeTaints", [])
    require_taints(added, members)
    require_taints(removed, members)
    gone = {taint_id(taint) for taint in removed}
    both = gone & {taint_id(taint) for taint in added}
    if both:
        raise invalid_parameter(f"Taints cannot be both updated and removed: {sorted(both)}", **members)
    merged = {taint_id(taint): taint for taint in [*present, *added]}
    left = [taint for key, taint in merged.items() if key not in gone]
    require_taints(left, members)
    return left


def _node_repair(given: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    """`given` over the present configuration; a count displaces its percentage, and the other way round."""
    kept = dict(present.get("nodeRepairConfig") or {})
    for name in given:
        kept.pop(name.replace("Count", "Percentage") if "Count" in name else name.replace("Percentage", "Count"), None)
    return {**kept, **given}


def _template(call: Call, group: Resource, members: dict[str, str]) -> Template | None:
    """The launch template after the update: only for groups made with one, and always that one."""
    present = group.description.get("launchTemplate")
    reference = call.get("launchTemplate")
    if reference is None:
        return template_of(call, {"id": present["id"], "version": present["version"]}, members) if present else None
    if present is None:
        raise invalid_parameter(
            "You can only update a node group using a launch template if the node group was originally deployed"
            " with a launch template",
            **members,
        )
    if reference.get("id", present["id"]) != present["id"] or reference.get("name", present["name"]) != present["name"]:
        raise invalid_parameter(
            f"The launch template must be the one that the node group was created with, {present['name']}", **members
        )
    return template_of(call, reference, members)


def _target(
    call: Call, cluster: Cluster, group: Resource, template: Template | None, members: dict[str, str]
) -> dict[str, Any]:
    """Version, release and launch template after the update."""
    present = group.description
    if template:
        require_image_alone(call.parameters, template, members)
        if bool(template.image_id) != (present["amiType"] == "CUSTOM"):
            raise invalid_parameter(
                "A launch template version with an image id cannot replace one without, nor one without it one with it",
                **members,
            )
    if template and template.image_id:
        return {"version": cluster.version, "releaseVersion": template.image_id, "launchTemplate": template.echo}
    version = call.get("version", cluster.version)
    if version not in (cluster.version, present["version"]):
        _refuse_version(version, cluster, present["version"], members)
    require_supported_ami(present["amiType"], version, members)
    known = releases(present["amiType"], version)
    release = call.get("releaseVersion") or known[-1]
    require_release(present["amiType"], version, release, members)
    if version == present["version"] and known.index(release) < known.index(present["releaseVersion"]):
        raise invalid_request(
            f"Nodegroup cannot be rolled back from release version {present['releaseVersion']} to {release}", **members
        )
    target: dict[str, Any] = {"version": version, "releaseVersion": release}
    return {**target, "launchTemplate": template.echo} if template else target


def _refuse_version(version: str, cluster: Cluster, present: str, members: dict[str, str]) -> None:
    known = version.startswith("1.") and version[2:].isdigit()
    if known and minor(version) < minor(present):
        raise invalid_request(f"Nodegroup cannot be rolled back from version {present} to {version}", **members)
    raise invalid_parameter(
        f"Nodegroup version {version} must be the cluster's version {cluster.version} or its own, {present}", **members
    )


def _params(call: Call) -> dict[str, Any]:
    """The update's params, by the UpdateParamType enum."""
    given = call.parameters
    labels, taints = given.get("labels", {}), given.get("taints", {})
    scaling, update = given.get("scalingConfig", {}), given.get("updateConfig", {})
    warm_pool = given.get("warmPoolConfig", {})
    params = {
        "LabelsToAdd": labels.get("addOrUpdateLabels"),
        "LabelsToRemove": labels.get("removeLabels"),
        "TaintsToAdd": taints.get("addOrUpdateTaints"),
        "TaintsToRemove": taints.get("removeTaints"),
        "MinSize": scaling.get("minSize"),
        "MaxSize": scaling.get("maxSize"),
        "DesiredSize": scaling.get("desiredSize"),
        "MaxUnavailable": update.get("maxUnavailable"),
        "MaxUnavailablePercentage": update.get("maxUnavailablePercentage"),
        "UpdateStrategy": update.get("updateStrategy"),
        "NodeRepairConfig": given.get("nodeRepairConfig"),
        "WarmPoolEnabled": warm_pool.get("enabled"),
        "WarmPoolMinSize": warm_pool.get("minSize"),
        "WarmPoolMaxGroupPreparedCapacity": warm_pool.get("maxGroupPreparedCapacity"),
        "WarmPoolState": warm_pool.get("poolState"),
        "WarmPoolReuseOnScaleIn": warm_pool.get("reuseOnScaleIn"),
    }
    return {name: value for name, value in params.items() if value is not None}
