# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing a resource with the new one up before the old one goes.

The generations of "web" are the resource of that name and those named "web-" and eight hexadecimal digits that carry
the tag below. The youngest one is current; elder ones are left over from a replacement that was cut short.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace

from ansible_collections.flotilla.eks.plugins.module_utils import _apply, _plan
from ansible_collections.flotilla.eks.plugins.module_utils._apply import Job, Outcome
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError
from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource, Values, leaves
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired

GENERATION_TAG = "flotilla.eks/generation-of"
SUFFIX = re.compile(r"-[0-9a-f]{8}")
LONGEST_NAME = 63 - len("-01234567")


def make_present(job: Job) -> Outcome:
    """As _apply.make_present; what cannot be updated is replaced by a successor, and then its elders are removed."""
    living = _generations(job)
    if not living:
        return _apply.make_present(job)
    youngest = living[-1]
    current = _named(job, youngest)
    try:
        outcome = _apply.make_present(replace(current, desired=replace(current.desired, replace=False)))
        elders = living[:-1]
    except _plan.Immutable:
        if not job.desired.replace:
            raise
        heir = _successor(job)
        outcome = _apply.make_present(heir)
        elders = [name for name in living if name != heir.desired.identity["name"]]
    return _joined(outcome, [_apply.make_absent(_named(job, name)) for name in elders])


def make_absent(job: Job) -> Outcome:
    """Removes every generation."""
    ends = [_apply.make_absent(_named(job, name)) for name in _generations(job)]
    return _joined(Outcome(None), ends)


def _generations(job: Job) -> list[str]:
    """Names of the living generations, the youngest last."""
    base = job.desired.identity["name"]
    observed = {name: _named(job, name).observe() or {} for name in _names(job, base)}
    ours = [name for name, found in observed.items() if name == base or _tag(found) == base]
    return sorted(ours, key=lambda name: observed[name].get("created_at") or "")


def _names(job: Job, base: str) -> list[str]:
    """All names that a generation may have."""
    resource, identity = job.resource, job.desired.identity
    try:
        names = job.client.pages(resource.list_operation, resource.listing, **resource.names(identity))
    except AwsError as error:
        if error.not_found:
            return []
        raise
    return [name for name in names if name == base or (name[:-9] == base and SUFFIX.fullmatch(name[-9:]))]


def _tag(observed: Values) -> str | None:
    return (observed.get("tags") or {}).get(GENERATION_TAG)


def _named(job: Job, name: str) -> Job:
    """The job for one generation. Its tag is kept, whatever tags the user gives."""
    desired = replace(job.desired, identity={**job.desired.identity, "name": name})
    marked = desired if name == job.desired.identity["name"] else _marked(desired, job)
    return replace(job, desired=marked, snapshot=())  # which was of one of them


def _marked(desired: Desired, job: Job) -> Desired:
    if desired.tags is None:
        return desired
    return replace(desired, tags={**desired.tags, GENERATION_TAG: job.desired.identity["name"]})


def _successor(job: Job) -> Job:
    base = job.desired.identity["name"]
    if len(base) > LONGEST_NAME:
        who = _plan.title(job.resource, job.desired.identity)
        raise _plan.Refused(f"{who}: name: found {len(base)} characters, wanted at most {LONGEST_NAME} to add a suffix")
    heir = _named(job, f"{base}-{_digest(job.resource, job.desired.values)}")
    tagged = _marked(replace(heir.desired, tags=heir.desired.tags or {}, purge_tags=job.desired.tags is not None), job)
    return replace(heir, desired=tagged, patience=replace(job.patience, wait=True))


def _digest(resource: Resource, values: Values) -> str:
    """The same for the same words of the user, so that a successor whose creation was cut short is found again."""
    fixed = {
        path: pick(values, path)
        for path, option in leaves(resource.options)
        if option.refuse is not None or resource.update_for(path) is None
    }
    return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()[:8]


def _joined(outcome: Outcome, ends: list[Outcome]) -> Outcome:
    """One outcome of a succession: the successor's, with what was done to its elders."""
    parts = [outcome, *ends]
    return Outcome(
        observed=outcome.observed,
        changes=[change for part in parts for change in part.changes],
        made=any(part.changed for part in parts),
        warnings=outcome.warnings,
        diff={
            side: {key: value for part in reversed(parts) for key, value in part.diff.get(side, {}).items()}
            for side in ("before", "after")
        },
    )
