# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out a plan: one call after the other, each awaited where the next one needs it. Raises, fails no module."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils import _plan, _read, _settle
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource, Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Change, Desired
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience

# A role made a moment ago may not be known to EKS yet; what stays unknown longer than this is not there.
IAM_PROPAGATION = 60  # seconds
ROLE_NOT_READY = re.compile(
    r"role.*(could not be assumed|cannot be assumed|cannot be found|does not exist|trust)|trust policy of the role",
    re.I,
)
CLUSTER_NOT_READY = "not in ACTIVE status"
NOTHING_TO_CHANGE = "No changes detected"


@dataclass
class Outcome:
    """What was done, or in check mode would be done, and the resource as it is now (None: absent)."""

    observed: Values | None
    changes: list[Change] = field(default_factory=list)
    made: bool = True  # False: all that was to be done turned out to be done by somebody else
    warnings: list[str] = field(default_factory=list)
    diff: Values = field(default_factory=dict)
    told: Values = field(default_factory=dict)  # path -> secret that only the answer to the creation told
    blockers: list[str] = field(default_factory=list)  # what would keep it from being deleted, were it done now

    @property
    def changed(self) -> bool:
        return bool(self.changes) and self.made


@dataclass(frozen=True)
class Job:
    """One resource to converge."""

    client: Client
    resource: Resource
    desired: Desired
    patience: Patience = field(default_factory=Patience)
    check_mode: bool = False
    discreet: bool = False  # the outcome is shown to nobody, and may hold what the service tells once
    snapshot: tuple[Values | None, ...] = ()  # what somebody read of it a moment ago

    def first_look(self) -> Values | None:
        return self.snapshot[0] if self.snapshot else self.observe()

    def observe(self) -> Values | None:
        wanted = self.resource.takes_more_reads(self.desired.values)
        return _read.observe(self.client, self.resource, self.desired.identity, wanted)

    def settled(self) -> Values:
        return _settle.settled(self.client, self.resource, self.desired.identity, self.patience)

    def gone(self) -> None:
        _settle.gone(self.client, self.resource, self.desired.identity, self.patience)


def make_present(job: Job) -> Outcome:
    """Makes the resource what is desired. Raises Refused before any write; AwsError and Unsettled after."""
    observed = job.first_look()
    if _plan.status(observed) == "DELETING":
        _wait_out_deletion(job)
        observed = None
    job = _resolved(job, observed)
    changes = _plan.present(job.resource, job.desired, observed)
    if changes and not job.check_mode and _settle.moving(job.resource, observed):
        job.settled()
        observed = job.observe()
        changes = _plan.present(job.resource, job.desired, observed)
    _examine(job, changes, observed)
    outcome = Outcome(observed, changes, diff=_plan.diff(changes, observed))
    _beware_of_secrets(job, outcome)
    if job.check_mode:
        return outcome
    try:
        ids: Values = {}
        made = [_make(job, change, change is changes[-1], outcome.told, ids) for change in changes]
        outcome.made = any(made)
    except _AlreadyThere as found:
        outcome = make_present(replace(job, snapshot=()))
        outcome.made = outcome.made or found.ours
        outcome.changes = outcome.changes or changes
        return outcome
    return _concluded(job, outcome)


def _beware_of_secrets(job: Job, outcome: Outcome) -> None:
    """A secret that is told once must not be told to a log. In check mode none is told."""
    creates = any(change.action == "create" for change in outcome.changes)
    if creates and job.resource.told_once and not job.discreet:
        who = _plan.title(job.resource, job.desired.identity)
        outcome.warnings.append(indiscretion(who, job.resource.told_once, job.check_mode))


def indiscretion(who: str, secrets: Iterable[str], check_mode: bool) -> str:
    """The warning that a creation would tell its secrets to a log. Raises Refused but in check mode, where it tells
    none."""
    paths = ", ".join(secrets)
    problem = f"{who}: its creation answers with {paths}, which is secret and told once; set no_log: true on the task"
    if not check_mode:
        raise _plan.Refused(problem)
    return problem


class _AlreadyThere(Exception):
    """A creation met its own resource: made by this very call before its answer was lost, or by somebody else."""

    def __init__(self, ours: bool) -> None:
        super().__init__()
        self.ours = ours


def make_absent(job: Job) -> Outcome:
    """Removes the resource. Raises Refused before any write; AwsError and Unsettled after."""
    observed = job.first_look()
    changes = _plan.absent(job.resource, job.desired, observed)
    diff = _plan.diff(changes, observed)
    blockers = _blockers(job) if changes else []
    if job.check_mode:  # an earlier task of the same run may be the one that removes the blockers
        return Outcome(observed, changes, diff=diff, blockers=blockers)
    if blockers:
        who = _plan.title(job.resource, job.desired.identity)
        raise _plan.Refused(f"{who} cannot be deleted while these exist: {', '.join(blockers)}. Delete them first")
    if changes and _settle.moving(job.resource, observed):
        with suppress(_settle.Vanished):  # as gone as it was to be
            job.settled()
    for change in changes:
        _make(job, change, last=change is changes[-1])
    if observed is not None and not changes and job.patience.wait:
        job.gone()
    return Outcome(None, changes, diff=diff)


def _blockers(job: Job) -> list[str]:
    """What would keep the resource from being deleted. What the caller may not list, or the region does not have
    (capabilities: github.com/eksctl-io/eksctl/issues/8630), is left to the deletion itself to tell."""

    def pages(operation: str, key: str, **names: Any) -> list[Any]:
        try:
            return job.client.pages(operation, key, **names)
        except AwsError as error:
            if error.code != "AccessDeniedException":
                raise
            return []

    look = job.resource.hooks.blockers
    return look(job.desired.identity, pages) if look else []


def _wait_out_deletion(job: Job) -> None:
    if not job.check_mode:
        job.gone()


def _resolved(job: Job, observed: Values | None) -> Job:
    """The job with names looked up where the user gave names and the API wants ids."""
    resolve = job.resource.hooks.resolve
    if resolve is None:
        return job
    values = resolve({**job.desired.identity, **job.desired.values}, observed, job.client.find)
    values = {name: value for name, value in values.items() if name not in job.desired.identity}
    return replace(job, desired=replace(job.desired, values=values))


def _examine(job: Job, changes: list[Change], observed: Values | None) -> None:
    """Raises Refused for what would be sent and AWS is known to refuse."""
    examine = job.resource.hooks.examine
    if examine is None or not any(change.action in ("create", "update") for change in changes):
        return
    problems = examine({**job.desired.identity, **job.desired.values}, observed, job.client.find)
    if problems:
        raise _plan.Refused(f"{_plan.title(job.resource, job.desired.identity)}: " + "; ".join(problems))


def _make(job: Job, change: Change, last: bool, told: Values | None = None, ids: Values | None = None) -> bool:
    """Makes one change and awaits it, unless it is the last one and the user does not wait. False: nothing to do.

    ``told`` takes what only the answer to a creation tells, ``ids`` what later requests call what was created.
    """
    try:
        answer = _send(job, change, ids or {})
    except AwsError as error:
        if NOTHING_TO_CHANGE in error.message:
            return False
        raise
    if told is not None and change.action == "create":
        told.update({path: pick(answer, f"{job.resource.answered}.{path}") for path in job.resource.told_once})
    if ids is not None and change.action == "create" and job.resource.finder:
        finder = job.resource.finder
        ids[finder.request] = pick(answer, f"{job.resource.answered}.{finder.id}")
    if last and not job.patience.wait:
        return True
    if answer.get("update"):
        _settle.followed(job.client, job.resource, job.desired.identity, answer["update"], job.patience)
    if change.action == "delete":
        job.gone()
    elif change.action == "create" and job.resource.lifecycle:
        _settle.healthy(job.resource, job.desired.identity, job.settled())
    return True


def _send(job: Job, change: Change, ids: Values) -> Values:
    names = {**job.resource.names(job.desired.identity), **ids}
    started = job.patience.clock()
    refusals: list[AwsError] = []
    for _try in job.patience.tries():
        try:
            return job.client.call_of(job.resource.service, change.operation, **{**names, **change.params})
        except AwsError as error:
            refusals.append(error)
            if change.action == "create" and error.in_use and job.observe() is not None:
                raise _AlreadyThere(ours=error.retries > 0) from error
            if change.action == "delete" and error.not_found:
                return {}
            if not _will_pass(job, change, error, job.patience.clock() - started):
                _explain(job, error)
                raise
    _explain(job, refusals[-1])
    raise refusals[-1]


def _explain(job: Job, error: AwsError) -> None:
    """Adds to an error the fields that the service means but does not name, and their values."""
    for advice in job.resource.advice:
        value = pick(job.desired.values, advice.path)
        if value and re.search(advice.about, error.message):
            error.advise(f". {advice.path}: found {value!r}; {advice.remedy}")


def _will_pass(job: Job, change: Change, error: AwsError, waited: float) -> bool:
    """Whether a refusal is one of those that end by themselves: somebody else's work, or a role not known yet."""
    if error.in_use:
        return change.action == "update" or job.resource.one_at_a_time
    if change.action != "create":
        return False
    if CLUSTER_NOT_READY in error.message:
        return _cluster_is_coming(job)
    return waited < IAM_PROPAGATION and (error.propagating or bool(ROLE_NOT_READY.search(error.message)))


def _cluster_is_coming(job: Job) -> bool:
    cluster = job.client.call("DescribeCluster", name=job.desired.identity["cluster_name"])["cluster"]
    return _plan.status(cluster) in ("ACTIVE", "CREATING", "UPDATING")


def _concluded(job: Job, outcome: Outcome) -> Outcome:
    """Reads the result; says what the service accepted but does not show, and what ails the resource."""
    if job.patience.wait and (outcome.changes or _settle.moving(job.resource, outcome.observed)):
        job.settled()
        outcome.observed = job.observe()
        outcome.warnings += _unshown(job, outcome.observed)
    elif outcome.changes:
        outcome.observed = job.observe()
    if job.patience.wait and outcome.observed is not None:
        _settle.healthy(job.resource, job.desired.identity, outcome.observed)
    return outcome


def _unshown(job: Job, observed: Values | None) -> list[str]:
    """What the service accepted and does not show. It is too late to refuse that; the next run may have to."""
    who = _plan.title(job.resource, job.desired.identity)
    try:
        left = _plan.present(job.resource, job.desired, observed)
    except _plan.Refused as refused:
        return [f"the service accepted the change, and yet the next run would be refused: {refused}"]
    found = [", ".join(f"{differs.path} is {differs.before!r}" for differs in change.differences) for change in left]
    return [f"{who}: the service accepted the change, and yet {what}" for what in found]
