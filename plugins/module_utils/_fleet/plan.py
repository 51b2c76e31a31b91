# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads, plans and applies a fleet. Raises, fails no module."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils import _apply, _generations, _schedule
from ansible_collections.flotilla.eks.plugins.module_utils._apply import Job, Outcome
from ansible_collections.flotilla.eks.plugins.module_utils._client import Client
from ansible_collections.flotilla.eks.plugins.module_utils._fleet import members as fleet
from ansible_collections.flotilla.eks.plugins.module_utils._fleet.members import MEMBERS, Entry
from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource, Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused, Stillborn, status
from ansible_collections.flotilla.eks.plugins.module_utils._progress import Progress
from ansible_collections.flotilla.eks.plugins.module_utils._read import observe, observe_all
from ansible_collections.flotilla.eks.plugins.module_utils._resources.cluster import CLUSTER
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience

READERS = 32  # threads; how many calls are under way at a time is the client's matter


@dataclass(frozen=True)
class Wish:
    """What the user asked for: the entries, and what may be pruned of that which is not among them."""

    cluster: str
    entries: Sequence[Entry]
    prune: Collection[str] = ()
    prune_unowned: bool = False

    @property
    def describes_cluster(self) -> bool:
        return any(entry.resource is CLUSTER for entry in self.entries)


@dataclass
class Planned:
    """One entry, what was found of it, and what is to be done, or why it cannot be."""

    entry: Entry
    outcome: Outcome
    refusal: Refused | None = None
    result: _schedule.Result | None = None

    @property
    def action(self) -> str:
        return fleet.action([change.action for change in self.outcome.changes])

    @property
    def error(self) -> Exception | None:
        return self.result.error if self.result else self.refusal

    @property
    def pending(self) -> bool:
        """Whether there is something to do or to wait for."""
        return bool(self.outcome.changes or self.refusal) or status(self.outcome.observed) not in ("", "ACTIVE")


@dataclass
class Plan:
    """What is to be done, entry by entry, and how the cluster was found (None: it does not exist)."""

    cluster: Values | None
    entries: list[Planned] = field(default_factory=list)


def make_plan(client: Client, wish: Wish) -> Plan:
    """Reads what is there and compares. Raises Refused, with all that is wrong, and AwsError. Writes nothing."""
    cluster = observe(client, CLUSTER, {"name": wish.cluster})
    live = _Live(client, wish, exists=cluster is not None)
    live.snapshots[("cluster", wish.cluster)] = cluster
    live.read()
    ahead: Any = _Ahead(client, cluster, wish)
    plan, problems = Plan(cluster), []
    for entry in [*wish.entries, *_surplus(wish, live)]:
        observed = live.snapshots.get(_identified(entry.resource, entry.desired.identity))
        marked = replace(entry, desired=fleet.marked(entry, observed, wish.cluster))
        job = Job(ahead, marked.resource, marked.desired, check_mode=True, snapshot=(observed,))
        try:
            plan.entries.append(Planned(marked, _engine(marked)(job)))
        except Stillborn as stillborn:  # which is no reason not to go on with the others
            plan.entries.append(Planned(marked, Outcome(observed), refusal=stillborn))
        except Refused as refused:
            problems.append(f"{entry.key}: {refused}")
    if problems:
        raise Refused("; ".join(problems))
    return plan


class _Ahead:
    """The client, but for the cluster, of which it tells what it is going to be: its members are planned for that."""

    def __init__(self, client: Client, observed: Values | None, wish: Wish) -> None:
        self._client = client
        wanted = [entry.desired.values for entry in wish.entries if entry.resource is CLUSTER]
        cluster = {**(observed or {}), **(wanted[0] if wanted else {})}
        self._cluster = {"cluster": cluster} if cluster.get("version") else None

    def find(self, service: str, operation: str, **members: Any) -> Any:
        return self._cluster if operation == "DescribeCluster" else self._client.find(service, operation, **members)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def _identified(resource: Resource, identity: Values) -> tuple[str, ...]:
    own = [value for name, value in identity.items() if name not in resource.parents]
    return (resource.kind, *own)


def _engine(entry: Entry) -> Callable[[Job], Outcome]:
    engine = _generations if entry.create_first else _apply
    return engine.make_absent if entry.absent else engine.make_present


class _Live:
    """What there is of the cluster's members, read with as few calls as will do."""

    def __init__(self, client: Client, wish: Wish, exists: bool) -> None:
        self.client = client
        self.wish = wish
        self.exists = exists
        self.snapshots: dict[tuple[str, ...], Values | None] = {}
        self.listed: dict[str, list[Values]] = {}

    def read(self) -> None:
        if not self.exists:
            return  # nor do its members
        with ThreadPoolExecutor(READERS) as pool:
            list(pool.map(lambda look: look(), self._looks()))

    def _looks(self) -> list[Callable[[], None]]:
        looks: list[Callable[[], None]] = []
        for option, resource in MEMBERS.items():
            entries = [entry for entry in self.wish.entries if entry.resource is resource]
            if option in self.wish.prune or (entries and resource.finder):
                looks.append(partial(self._look_at_all, option, resource, entries))
            else:
                looks += [partial(self._look_at, entry) for entry in entries]
        return looks

    def _look_at(self, entry: Entry) -> None:
        identity = entry.desired.identity
        found = observe(self.client, entry.resource, identity, _wants_attachments(entry))
        self.snapshots[_identified(entry.resource, identity)] = found

    def _look_at_all(self, option: str, resource: Resource, entries: Sequence[Entry]) -> None:
        attachments = any(map(_wants_attachments, entries))
        self.listed[option] = observe_all(self.client, resource, {"cluster_name": self.wish.cluster}, attachments)
        for observed in self.listed[option]:
            self.snapshots[_identified(resource, resource.identity_of(observed))] = observed


def _wants_attachments(entry: Entry) -> bool:
    return entry.resource.takes_more_reads(entry.desired.values)


def _surplus(wish: Wish, live: _Live) -> list[Entry]:
    found = []
    for option in wish.prune:
        resource = MEMBERS[option]
        listed = [entry for entry in wish.entries if entry.resource is resource]
        there = live.listed.get(option, [])
        for identity in fleet.surplus(resource, there, listed, wish.cluster, wish.prune_unowned):
            found.append(Entry(resource, Desired(identity), absent=True))
    return found


def carry_out(client: Client, plan: Plan, patience: Callable[[Entry], Patience], progress: Progress) -> None:
    """Does what is planned, side by side where nothing forbids it, and notes each entry's result in the plan."""
    pending = {planned.entry.key: planned for planned in plan.entries if planned.pending}
    before = fleet.needs([planned.entry for planned in plan.entries])
    steps = [
        _schedule.Step(key, partial(_work, client, planned, patience, progress), before[key], planned.entry.lock)
        for key, planned in pending.items()
    ]
    for key, result in _schedule.run(steps).items():
        pending[key].result = result
        if result.value is not None:
            pending[key].outcome = result.value


def _work(client: Client, planned: Planned, patience: Callable[[Entry], Patience], progress: Progress) -> Outcome:
    if planned.refusal:
        raise planned.refusal
    entry = planned.entry
    tell = progress.of(entry.key)
    tell("removing" if entry.absent else "begun")
    job = Job(client, entry.resource, entry.desired, replace(patience(entry), watch=tell))
    try:
        outcome = _engine(entry)(job)
    except Exception:
        tell("failed")
        raise
    tell("gone" if entry.absent else status(outcome.observed) or "done")
    return outcome


def report(planned: Planned) -> Mapping[str, Any]:
    """What a result says of one entry."""
    outcome, result = planned.outcome, planned.result
    told: Values = {
        "resource": planned.entry.key,
        "action": planned.action,
        "operations": [change.operation for change in outcome.changes],
        "fields": [difference.path for change in outcome.changes for difference in change.differences],
        "status": _ended(planned),
    }
    if result is not None:
        told["seconds"] = round(result.seconds, 1)
        told |= {"because_of": list(result.because_of)} if result.because_of else {}
    return told | ({"error": str(planned.error)} if planned.error else {})


def _ended(planned: Planned) -> str:
    if planned.error:
        return "failed"
    if planned.result is None:
        return "planned" if planned.outcome.changes else "untouched"
    return "not_started" if planned.result.because_of else "done"
