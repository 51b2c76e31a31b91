# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes the steps of one self-managed node group, one after the other, and waits for what they begin."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.plan import Observed, current, is_deleting
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    ROLL_TAG,
    Template,
    in_service,
    named_groups,
    named_templates,
    tags_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.steps import NUMBER, PIN, Step, title
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import NAME, Nodegroup
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled

# How the code begins by which a service refuses to do what it did already, before its answer was lost.
DONE = {
    "CreateAutoScalingGroup": "AlreadyExists",
    "CreateLaunchTemplate": "InvalidLaunchTemplateName.AlreadyExistsException",
    "DeleteLaunchTemplate": "InvalidLaunchTemplate",
    "DeleteAutoScalingGroup": "ValidationError",
}
# An instance profile or a launch template that was made a moment ago may not be known yet; here without blanks.
UNKNOWN = re.compile(r"iaminstanceprofile|launchtemplate.*(doesnotexist|notfound)", re.IGNORECASE)
PROPAGATION = Patience(timeout=60, delay=5)
ENDED_BADLY = ("Failed", "Cancelled")
ACTIVITIES = 20


@dataclass(frozen=True)
class Job:
    """What is to be done for one node group. ``done`` is told each step that was taken."""

    client: Client
    wanted: Nodegroup
    observed: Observed
    steps: Sequence[Step]
    patience: Patience
    done: Callable[[Step], None]


def carry_out(job: Job) -> None:
    """Takes the steps. Raises AwsError, and Unsettled where what was begun does not come to its end."""
    seen = [job.observed.groups[one.name].group for one in job.wanted.scaling_groups if one.name in job.observed.groups]
    old = [group[NAME] for group in seen] if job.steps and job.patience.wait else []
    past = _failures(job.client, old)
    template = current(job.wanted, job.observed)
    for name, live in job.observed.groups.items():
        if is_deleting(live) and (job.wanted.absent or live.group in seen):
            _gone(job, name)
    for step in job.steps:
        _prepare(job, step)
        answer = _call(job.client, step, template)
        template = _made(step, answer) or template
        job.done(step)
        _conclude(job, step)
    if job.patience.wait and not job.wanted.absent:
        changed = [one.name for one in job.wanted.scaling_groups] if job.steps else []
        filled(job.client, changed or [group[NAME] for group in _lacking(seen)], past, job.patience)


def _call(client: Client, step: Step, template: Template | None) -> Values:
    """Makes the call of a step. One that was carried out before its answer was lost has succeeded."""
    params = _pinned(step.params, template)
    refused = AwsError(step.operation, "Timeout", "there was no time to call it")
    for _try in PROPAGATION.tries():
        try:
            return client.call_of(step.service, step.operation, **params)
        except AwsError as error:
            refused = error
            if error.retries and error.code.startswith(DONE.get(step.operation, "never")):
                return _found(client, step)
            if not UNKNOWN.search(error.message.replace(" ", "")):
                raise
    raise refused


def _found(client: Client, step: Step) -> Values:
    if step.operation != "CreateLaunchTemplate":
        return {}
    (found,) = named_templates(client, [step.params["launch_template_name"]])
    return {"launch_template": found}


def _made(step: Step, answer: Values) -> Template | None:
    """The version that a step made."""
    if step.operation == "CreateLaunchTemplate":
        found = answer["launch_template"]
        return Template(found["launch_template_id"], found["launch_template_name"], str(found["latest_version_number"]))
    if step.operation == "CreateLaunchTemplateVersion":
        found = answer["launch_template_version"]
        return Template(found["launch_template_id"], found["launch_template_name"], str(found["version_number"]))
    return None


def _pinned(value: Any, template: Template | None) -> Any:
    """A request with the version in the place of what stands for it."""
    if template and value is PIN:
        return {"launch_template_id": template.id, "version": template.version}
    if template and value is NUMBER:
        return template.version
    if isinstance(value, Mapping):
        return {name: _pinned(item, template) for name, item in value.items()}
    return value


def _prepare(job: Job, step: Step) -> None:
    """AWS deletes no scaling group in which an instance still is, and one that leaves is awaited."""
    if step.operation == "DeleteAutoScalingGroup":
        _until(job, step.params[NAME], lambda group: not group or not group.get("instances"), "its instances to end")


def _conclude(job: Job, step: Step) -> None:
    name = step.params.get(NAME, "")
    if step.operation == "DeleteAutoScalingGroup":
        _gone(job, name)
    if step.operation == "DeleteWarmPool":
        _until(job, name, lambda group: not group or not group.get("warm_pool_configuration"), "its warm pool to go")


def _gone(job: Job, name: str) -> None:
    _until(job, name, lambda group: group is None, "it to be deleted")


def _until(job: Job, name: str, reached: Callable[[Values | None], bool], what: str) -> None:
    """Polls a scaling group. Raises Unsettled, and AwsError."""
    group: Values | None = None
    for _try in job.patience.tries():
        group = next(iter(named_groups(job.client, [name])), None)
        if reached(group):
            return
    left = ", ".join(one["instance_id"] for one in (group or {}).get("instances") or ()) or "none"
    raise Unsettled(
        f"{title(name)}: waited {job.patience.timeout:g} s for {what}, in vain; its instances: {left}. Raise "
        "wait_timeout, or run again: what was begun goes on"
    )


def filled(client: Client, names: Sequence[str], past: Mapping[str, Collection[str]], patience: Patience) -> None:
    """Polls scaling groups until each has its instances in service; one that is being rolled is the roll's to watch.

    ``past`` are the ids of activities that had failed before. Raises Unsettled as soon as a launch fails, and AwsError.
    """
    short: list[Values] = []
    for _try in patience.tries():
        groups = named_groups(client, names) if names else []
        short = _lacking(groups)
        if not short:
            return
        for name, failed in _failures(client, [group[NAME] for group in short]).items():
            new = [told for key, told in failed.items() if key not in past.get(name, ())]
            if new:
                raise Unsettled(f"{title(name)} cannot launch instances: {new[0]}")
    told = [f"{title(group[NAME])} has {_capacity(group)} of {_wish(group)}" for group in short]
    raise Unsettled(
        f"waited {patience.timeout:g} s for instances to be in service, in vain: {'; '.join(told)}. Raise "
        "wait_timeout, or run again: what was begun goes on"
    )


def _lacking(groups: Sequence[Values]) -> list[Values]:
    """The scaling groups with less in service than they want, which are not in the hands of a roll."""
    return [group for group in groups if ROLL_TAG not in tags_of(group) and _capacity(group) < _wish(group)]


def _wish(group: Values) -> int:
    return int(group["desired_capacity"])


def _capacity(group: Values) -> int:
    """What the instances in service count for."""
    return sum(int(instance.get("weighted_capacity") or 1) for instance in in_service(group))


def _failures(client: Client, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Of each scaling group, the activities since its last success that ended badly, the newest first: id -> why."""
    return {name: _failed(client, name) for name in names}


def _failed(client: Client, name: str) -> dict[str, str]:
    answer = client.call_of(
        "autoscaling", "DescribeScalingActivities", auto_scaling_group_name=name, max_records=ACTIVITIES
    )
    failed: dict[str, str] = {}
    for activity in answer.get("activities") or ():
        if activity["status_code"] == "Successful":
            break
        if activity["status_code"] in ENDED_BADLY:
            failed[activity["activity_id"]] = activity.get("status_message") or activity["cause"]
    return failed
