# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The revocation list of a trust anchor of IAM Roles Anywhere, by which certificates of hosts are shut out.

The list is kept in IAM Roles Anywhere alone, and each change writes all of it. The service has no way to write only if
nobody else has meanwhile, so that of two who write at the same time, one may undo what the other did. So what was
written is read again until all is there that should be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.flotilla.eks.plugins.module_utils._apply import Outcome
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import certificates
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.certificates import Authority, Held
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Change, Refused, diff

SERVICE = "rolesanywhere"
PARALLEL = 8
ATTEMPTS = 10  # while others write, too
LONGEST = 300_000  # bytes: service model, ImportCrlRequestCrlDataBlob


@dataclass(frozen=True)
class Wish:
    """Whose certificates are to be shut out: those of the common ``names`` that the service has seen, and those that
    are ``given``, in PEM. Without an ``authority`` with a key, they are only told."""

    trust_anchor_arn: str
    name: str
    now: datetime
    names: Sequence[str] = ()
    given: Sequence[str] = ()
    authority: Authority | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"revocation list {self.name} of {self.trust_anchor_arn}"


def make_present(client: Client, wish: Wish, check_mode: bool) -> tuple[Outcome, list[Values]]:
    """Shuts the certificates out, and tells of each whether it is: those of other authorities are not ours to revoke.
    Raises Refused and AwsError."""
    seen = _seen(client, wish.names)
    found = certificates.held(wish.given, seen, wish.names, wish.authority, wish.now)
    if wish.authority is None or wish.authority.key is None:
        return Outcome(None), [one.told(revoked=False) for one in found]
    held = [one for one in found if one.ours]
    changes: list[Change] = []
    for _attempt in range(ATTEMPTS):
        lists = read(client, wish)
        step = next_step(wish, held, lists)
        if step is None:
            break
        changes.append(step)
        if check_mode:
            break
        _write(client, wish, step)
    else:
        raise Refused(f"others have written it {ATTEMPTS} times meanwhile; run this again")
    now = lists[0] if lists else None
    return Outcome(_told(now), changes, diff=diff(changes, now)), [one.told(revoked=one.ours) for one in found]


def make_absent(client: Client, wish: Wish, check_mode: bool) -> Outcome:
    """Removes the list: what it shut out is let in again, as long as there is a trust anchor. Raises AwsError."""
    lists = read(client, wish)
    changes = [Change("delete", "DeleteCrl", {"crl_id": one["crl_id"]}) for one in lists]
    for change in changes if not check_mode else ():
        _delete(client, change)
    return Outcome(None, changes, diff=diff(changes, lists[0] if lists else None))


def read(client: Client, wish: Wish) -> list[Values]:
    """The lists of the name and the trust anchor, the oldest first: it is the one that is written. Raises AwsError."""
    found = client.pages_of(SERVICE, "ListCrls", "crls")
    ours = [one for one in found if (one["name"], one["trust_anchor_arn"]) == (wish.name, wish.trust_anchor_arn)]
    return sorted(ours, key=lambda one: (str(one["created_at"]), one["crl_id"]))


def _seen(client: Client, names: Sequence[str]) -> list[str]:
    """The certificates, in PEM, that hosts of these names have come with."""
    if not names:
        return []
    wanted = re.compile(rf"(^|[,+/\s])CN\s*=\s*({'|'.join(map(re.escape, names))})(\s*[,+/]|\s*$)")
    subjects = [
        one["subject_id"]
        for one in client.pages_of(SERVICE, "ListSubjects", "subjects")
        if wanted.search(one["x509_subject"])
    ]
    with ThreadPoolExecutor(PARALLEL) as pool:
        details = pool.map(lambda one: client.call_of(SERVICE, "GetSubject", subject_id=one), subjects)
        credentials = [each for one in details for each in one["subject"].get("credentials") or []]
    return [one["x509_certificate_data"] for one in credentials if one.get("x509_certificate_data")]


def next_step(wish: Wish, held: Sequence[Held], lists: Sequence[Values]) -> Change | None:
    """What is to be done next; None if there is one list, enabled, that has all that it should. Pure.

    Two that were made at the same moment become one again: the oldest gets what the others have, and then they go.
    """
    authority = wish.authority
    if authority is None:
        raise ValueError("lists are signed by an authority")
    entries = certificates.revoked([one["crl_data"] for one in lists], authority)
    first = certificates.revoked([one["crl_data"] for one in lists[:1]], authority)
    new = [one for one in held if one.serial_number not in first]
    differences = tuple(Difference(f"revoked[{one.common_name}]", None, str(one.serial_number)) for one in new)
    if new or entries.keys() - first.keys():
        numbers = [certificates.number_of(one["crl_data"]) for one in lists]
        merged = {**{one.serial_number: wish.now for one in held}, **entries}
        text = certificates.signed(merged, max(numbers, default=0) + 1, authority, wish.now)
        if len(text) > LONGEST:
            raise Refused(
                f"the list would have {len(text)} bytes, and the service takes {LONGEST}; take another authority"
            )
        if not lists:
            return Change("create", "ImportCrl", {"crl_data": text}, differences)
        return Change("update", "UpdateCrl", {"crl_id": lists[0]["crl_id"], "crl_data": text}, differences)
    if lists and not lists[0]["enabled"]:
        return Change("update", "EnableCrl", {"crl_id": lists[0]["crl_id"]}, (Difference("enabled", False, True),))
    return Change("delete", "DeleteCrl", {"crl_id": lists[1]["crl_id"]}) if lists[1:] else None


def _write(client: Client, wish: Wish, step: Change) -> None:
    if step.action == "delete":
        _delete(client, step)
        return
    members = dict(step.params)
    if step.operation == "ImportCrl":
        members |= {"name": wish.name, "trust_anchor_arn": wish.trust_anchor_arn, "enabled": True}
        members |= {"tags": [{"key": key, "value": value} for key, value in wish.tags.items()]} if wish.tags else {}
    try:
        client.call_of(SERVICE, step.operation, **members)
    except AwsError:
        # A trust anchor has few lists, and somebody may have made the last one a moment ago.
        if step.operation != "ImportCrl" or not read(client, wish):
            raise


def _delete(client: Client, change: Change) -> None:
    try:
        client.call_of(SERVICE, change.operation, **change.params)
    except AwsError as error:
        if not error.not_found:
            raise


def _told(one: Values | None) -> Values | None:
    """A list as results tell it, without its data."""
    if one is None:
        return None
    return {name: value for name, value in one.items() if name != "crl_data"}
