# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The updates of a cluster or of what belongs to it: listed, waited for, or cancelled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused, health
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS
from ansible_collections.flotilla.eks.plugins.module_utils._settle import UPDATE_ENDED_BADLY, Patience, Unsettled

OWNERS = {"nodegroup_name": "node group", "addon_name": "add-on", "capability_name": "capability"}
CANCELLABLE = ("VersionRollback",)  # service model of CancelUpdate: "Currently, this is supported for ..."
ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    **{name: {"type": "str"} for name in OWNERS},
    "update_id": {"type": "str"},
    "state": {"type": "str", "choices": ["listed", "finished", "cancelled"], "default": "listed"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 3600},
    "wait_delay": {"type": "int", "default": 15},
}


@dataclass(frozen=True)
class Job:
    """What is asked of the updates of one resource. ``owner`` holds at most one of OWNERS."""

    client: Client
    cluster: str
    owner: Values
    update_id: str | None
    patience: Patience
    check_mode: bool = False

    @property
    def who(self) -> str:
        """How messages call the resource: "node group web of cluster prod"."""
        names = [f"{OWNERS[option]} {name} of " for option, name in self.owner.items()]
        return f"{''.join(names)}cluster {self.cluster}"

    def read(self) -> list[Values]:
        """The updates, or the one that was asked for; the newest first. Raises AwsError."""
        names = {"name": self.cluster, **self.owner}
        ids = [self.update_id] if self.update_id else self.client.pages("ListUpdates", "update_ids", **names)
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            found = list(pool.map(self.describe, ids))
        return sorted(found, key=lambda update: str(update.get("created_at")), reverse=True)

    def describe(self, update_id: str) -> Values:
        names = {"name": self.cluster, **self.owner}
        update: Values = self.client.call("DescribeUpdate", update_id=update_id, **names)["update"]
        return update


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, mutually_exclusive=[tuple(OWNERS)])
    params = module.params
    job = Job(
        client_for(module),
        params["cluster_name"],
        {name: params[name] for name in OWNERS if params[name]},
        params["update_id"],
        Patience(params["wait"], params["wait_timeout"], max(1, params["wait_delay"])),
        module.check_mode,
    )
    result = guarded(module, f"updates of {job.who}", lambda: ACTIONS[params["state"]](job))
    if module._diff:
        result["diff"] = {side: {one["update_id"]: one[side] for one in result["changes"]} for side in SIDES}
    result["changes"] = [{name: one[name] for name in ("action", "operation", "fields")} for one in result["changes"]]
    module.exit_json(**result)


SIDES = ("before", "after")


def list_them(job: Job) -> Values:
    """The updates as they are."""
    return _told(job.read())


def finish(job: Job) -> Values:
    """Waits until the update, or each that is in progress, is through. Raises Unsettled if one ends badly.

    An update that had ended before is told of, and fails the task only if it was asked for by its id.
    """
    updates = job.read()
    awaited = updates if job.update_id else [update for update in updates if _running(update)]
    if not job.check_mode:
        ended = {update["id"]: _ended(job, update) for update in awaited}
        updates = [ended.get(update["id"], update) for update in updates]
        _complain(job, [update for update in ended.values() if update["status"] in UPDATE_ENDED_BADLY])
    return _told(updates)


def cancel(job: Job) -> Values:
    """Stops the update, or the one that is in progress. Raises Refused if it cannot be stopped, before anything is
    written, and Unsettled if EKS did not manage to."""
    if job.owner:
        raise Refused(f"updates of {job.who}: EKS can cancel updates of clusters only")
    updates = job.read()
    running = [update for update in updates if _running(update)]
    if not running:
        _refuse_if_ended(job, updates)
        return _told(updates)
    if len(running) > 1:
        names = ", ".join(_named(update) for update in running)
        raise Refused(f"updates of {job.who}: several are in progress; say which one by update_id: {names}")
    (update,) = running
    asked = pick(update, "cancellation.status") == "InProgress"
    if not asked:
        _refuse_if_fixed(job, update)
        if job.check_mode:
            return _told(updates, cancelled=update)
        update = job.client.call("CancelUpdate", name=job.cluster, update_id=update["id"])["update"]
    if job.patience.wait and not job.check_mode:
        update = _stopped(job, update)
    updates = [update if one["id"] == update["id"] else one for one in updates]
    return _told(updates, cancelled=None if asked else update)


ACTIONS: dict[str, Callable[[Job], Values]] = {"listed": list_them, "finished": finish, "cancelled": cancel}


def _told(updates: list[Values], cancelled: Values | None = None) -> Values:
    change = {"action": "cancel", "operation": "CancelUpdate", "fields": ["status"]}
    what = {"update_id": (cancelled or {}).get("id"), "before": "InProgress", "after": "Cancelled"}
    changes = [{**change, **what}] if cancelled else []
    return {"changed": bool(changes), "changes": changes, "updates": updates}


def _running(update: Values) -> bool:
    return bool(update["status"] == "InProgress")


def _refuse_if_ended(job: Job, updates: list[Values]) -> None:
    """An update that was asked for by its id is cancelled, or it is too late."""
    if job.update_id and updates[0]["status"] != "Cancelled":
        raise Refused(
            f"updates of {job.who}: {_named(updates[0])} cannot be cancelled: status: found {updates[0]['status']}, "
            "wanted InProgress"
        )


def _refuse_if_fixed(job: Job, update: Values) -> None:
    """What the service would refuse: it stops a rollback of EKS Auto Mode while its nodes go back, before the control
    plane does, and the cluster is ACTIVE that long (user guide, rollback-automode)."""
    who = f"updates of {job.who}: {_named(update)} cannot be cancelled"
    if update["type"] not in CANCELLABLE:
        raise Refused(f"{who}: type: found {update['type']}, wanted {' or '.join(CANCELLABLE)}. Wait for its end")
    cluster = job.client.call("DescribeCluster", name=job.cluster)["cluster"]
    if not pick(cluster, "compute_config.enabled"):
        raise Refused(f"{who}: EKS can stop a rollback only of clusters with EKS Auto Mode. Wait for its end")
    if cluster["status"] != "ACTIVE":
        raise Refused(f"{who}: the control plane has begun to go back. Wait for its end")


def _ended(job: Job, update: Values) -> Values:
    """The update once it is through. Raises Unsettled when the time is up."""
    return _followed(job, update, lambda found: not _running(found), "to end")


def _stopped(job: Job, update: Values) -> Values:
    """The update once its cancellation is through. Raises Unsettled if that failed."""

    def decided(found: Values) -> bool:
        return not _running(found) or pick(found, "cancellation.status") != "InProgress"

    update = _followed(job, update, decided, "to be cancelled")
    if update["status"] != "Cancelled":
        reason = pick(update, "cancellation.reason") or "the service gives no reason"
        raise Unsettled(f"updates of {job.who}: {_named(update)} was not cancelled and is {update['status']}: {reason}")
    return update


def _followed(job: Job, update: Values, decided: Callable[[Values], bool], what: str) -> Values:
    for _try in job.patience.tries():
        if decided(update):
            return update
        try:
            update = job.describe(update["id"])
        except AwsError as error:
            if not error.transient:
                raise
    raise Unsettled(
        f"updates of {job.who}: waited {job.patience.timeout:g} s for {_named(update)} {what}, in vain. It is "
        f"{update['status']}. Raise wait_timeout, or run again: what was begun goes on"
    )


def _complain(job: Job, failed: list[Values]) -> None:
    if failed:
        reasons = [f"{_named(one)} {one['status']}: {health(one) or 'the service gives no reason'}" for one in failed]
        raise Unsettled(f"updates of {job.who}: {'; '.join(reasons)}")


def _named(update: Values) -> str:
    return f"{update['type']} {update['id']}"
