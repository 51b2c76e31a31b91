# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until a resource has settled: by update id, by status, or until it is gone.

A poll that fails for a passing reason (throttling, 5xx, no connection) tells nothing about the resource: it is neither
success nor failure, and the next poll decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource, Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import ailment, health, status, title
from ansible_collections.flotilla.eks.plugins.module_utils._read import observe

FIRST_PAUSE = 0.5  # seconds
GROWTH = 1.5
UPDATE_ENDED_BADLY = ("Failed", "Cancelled")


class Unsettled(Exception):
    """A resource ended in a failure state, vanished, or was not ready in time. The text carries the last state seen."""


class Vanished(Unsettled):
    """A resource that was waited for has been deleted by somebody else."""


def _look_away(status: str) -> None:
    pass


@dataclass(frozen=True)
class Patience:
    """How long to wait. ``timeout`` bounds one wait, ``delay`` the pause between two polls; both in seconds.

    ``watch`` is told the status that each poll finds.
    """

    wait: bool = True
    timeout: float = 1800
    delay: float = 15
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    watch: Callable[[str], None] = _look_away

    def tries(self) -> Iterator[None]:
        """Yields at once, then after growing pauses, and ends when the time is up."""
        deadline = self.clock() + self.timeout
        pause = min(FIRST_PAUSE, self.delay)
        yield
        while (left := deadline - self.clock()) > 0:
            self.sleep(min(pause, left))
            pause = min(pause * GROWTH, self.delay)
            yield


def moving(resource: Resource, observed: Values | None) -> bool:
    return bool(resource.lifecycle and status(observed) in resource.lifecycle.moving)


def ailing(resource: Resource, observed: Values | None) -> bool:
    return bool(resource.lifecycle and status(observed) in resource.lifecycle.failed)


def settled(client: Client, resource: Resource, identity: Values, patience: Patience) -> Values:
    """Polls until the resource is no longer on the way; its state then. Raises Unsettled and AwsError."""

    def look() -> Values | None:
        observed = observe(client, resource, identity)
        if observed is None:
            raise Vanished(f"{title(resource, identity)} vanished while it was waited for")
        patience.watch(status(observed))
        return None if moving(resource, observed) else observed

    return poll(look, client, resource, identity, patience, "to become ACTIVE")


def healthy(resource: Resource, identity: Values, observed: Values) -> Values:
    """Raises Unsettled with the service's health issues if the resource is in a failure state."""
    if ailing(resource, observed):
        reasons = ailment(resource, observed) or "the service gives no reason"
        raise Unsettled(f"{title(resource, identity)} is {status(observed)}: {reasons}")
    return observed


def gone(client: Client, resource: Resource, identity: Values, patience: Patience) -> None:
    """Polls until the resource no longer exists. Raises Unsettled and AwsError."""

    def look() -> bool | None:
        observed = observe(client, resource, identity)
        if observed is not None and status(observed) == "DELETE_FAILED":
            healthy(resource, identity, observed)
        patience.watch(status(observed) or "DELETED")
        return True if observed is None else None

    poll(look, client, resource, identity, patience, "to be deleted")


def followed(client: Client, resource: Resource, identity: Values, update: Values, patience: Patience) -> None:
    """Polls an update by its id until it is through. Raises Unsettled with the update's errors, and AwsError."""
    names = resource.names(identity)

    def look() -> Values | None:
        nonlocal update
        if update["status"] == "InProgress":
            update = client.call("DescribeUpdate", update_id=update["id"], **names)["update"]
        patience.watch(f"{update['type']} {update['status']}")
        if update["status"] in UPDATE_ENDED_BADLY:
            reasons = ailment(resource, update) or "the service gives no reason"
            raise Unsettled(
                f"{title(resource, identity)}: {update['type']} {update['id']} {update['status']}: {reasons}"
            )
        return update if update["status"] == "Successful" else None

    poll(look, client, resource, identity, patience, f"for {update['type']} {update['id']}")


def poll(
    look: Callable[[], Any], client: Client, resource: Resource, identity: Values, patience: Patience, what: str
) -> Any:
    trouble = ""
    for _try in patience.tries():
        try:
            found = look()
        except AwsError as error:
            if not error.transient and not error.not_found:
                raise
            trouble = f"; the last poll failed: {error}"
            continue
        trouble = ""
        if found is not None:
            return found
    raise Unsettled(
        f"{title(resource, identity)}: waited {patience.timeout:g} s {what}, in vain. "
        f"{_last_state(client, resource, identity)}{trouble}. Raise wait_timeout, or run again: what was begun goes on"
    )


def _last_state(client: Client, resource: Resource, identity: Values) -> str:
    try:
        observed = observe(client, resource, identity)
    except AwsError as error:
        return f"Its state could not be read: {error}"
    issues = health(observed)
    return f"Last state: {status(observed) or 'absent'}" + (f" ({issues})" if issues else "")
