# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hybrid activations of Systems Manager: what lets hosts register, each with a code that its creation alone tells.

An activation that there is cannot serve anybody who asks for one, as nobody can read its code. So to be wanted means to
be made, and what a later run finds of one is only left over. Activations have no names: a tag of ours holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from ansible_collections.flotilla.eks.plugins.module_utils._apply import ROLE_NOT_READY, Outcome, indiscretion
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import RESERVED_TAGS, Change, Refused, diff
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience

NAME_TAG = "flotilla.eks/activation"
CODE = "activation_code"
MOST_REGISTRATIONS = 1000  # service model of SSM, RegistrationLimit
LONGEST_ROLE = 64  # IamRole, its path included
LIFETIMES = (60, int(timedelta(days=30).total_seconds()))  # seconds; the longest: CreateActivation
MOST_TAGS = 49  # beside the name's
PAGE = 50
ROLE_ARN = re.compile(r"arn:[^:]+:iam::\d+:role/(?P<name>.+)")
PROPAGATION = Patience(timeout=60, delay=5)  # a role made a moment ago may not be known yet, nor an activation be told
GONE = ("InvalidActivation", "InvalidActivationId")


@dataclass(frozen=True)
class Wish:
    """The activation that hosts are to register with. ``registrations`` is how many still need one, ``lifetime`` in
    seconds; ``members`` are those of CreateActivation that are given, in options' spelling."""

    name: str
    registrations: int
    lifetime: int
    members: Values = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"activation {self.name}"


def check(wish: Wish) -> None:
    """Raises Refused for what makes no sense, or AWS is known to refuse."""
    problems = list(_problems(wish))
    if problems:
        raise Refused(f"{wish}: {'; '.join(problems)}")


def _problems(wish: Wish) -> Iterator[str]:
    role = wish.members.get("iam_role") or ""
    arn = ROLE_ARN.fullmatch(role)
    if arn:
        yield f"iam_role: found an ARN, {role}, wanted the role's name with its path: {arn['name']}"
    elif len(role) > LONGEST_ROLE:
        yield f"iam_role: found {len(role)} characters, of which SSM takes {LONGEST_ROLE}, the role's path included"
    elif wish.registrations and not role:
        yield "iam_role: missing; without a role no activation can be made"
    if not 0 <= wish.registrations <= MOST_REGISTRATIONS:
        yield (
            f"registration_limit: found {wish.registrations}, wanted 0 to {MOST_REGISTRATIONS}; for more hosts make "
            "several activations"
        )
    least, most = LIFETIMES
    if not least <= wish.lifetime <= most:
        yield f"expires_in: found {wish.lifetime}, wanted {least} to {most} seconds, which is a minute to 30 days"
    yield from (
        f"tags: found the key {key!r}; keys with the prefix {RESERVED_TAGS} belong to AWS, remove it"
        for key in wish.tags
        if key.startswith(RESERVED_TAGS)
    )
    if len(wish.tags) > MOST_TAGS:
        yield f"tags: found {len(wish.tags)}, wanted at most {MOST_TAGS}: the name takes one of 50"


def plan_present(wish: Wish, found: Sequence[Values]) -> list[Change]:
    """An activation if hosts need one, and those of its name removed that let nobody in any more. Pure.

    One that still does may be in somebody else's hands at this very moment.
    """
    useless = [one for one in found if one["expired"] or one["registrations_count"] >= one["registration_limit"]]
    return [*_creation(wish), *plan_absent(useless)]


def _creation(wish: Wish) -> list[Change]:
    if not wish.registrations:
        return []
    params = {**wish.members, "registration_limit": wish.registrations, "tags": {**wish.tags, NAME_TAG: wish.name}}
    told = {"name": wish.name, **params, "expires_in": wish.lifetime}
    return [Change("create", "CreateActivation", params, tuple(Difference(*one) for one in _new(told)))]


def _new(values: Values) -> Iterator[tuple[str, None, object]]:
    return ((name, None, value) for name, value in values.items())


def plan_absent(found: Sequence[Values]) -> list[Change]:
    """The removal of activations. Pure."""
    return [
        Change(
            "delete",
            "DeleteActivation",
            {"activation_id": one["activation_id"]},
            (Difference(f"activations[{one['activation_id']}]", _state(one), None),),
        )
        for one in found
    ]


def _state(activation: Values) -> str:
    used = f"{activation['registrations_count']} of {activation['registration_limit']} registered"
    return f"{used}, expired" if activation["expired"] else used


def make_present(client: Client, wish: Wish, *, check_mode: bool, discreet: bool) -> Outcome:
    """Makes the activation if hosts need one. Raises Refused before any write, and AwsError.

    ``discreet``: the outcome, with the code, is shown to nobody.
    """
    check(wish)
    changes = plan_present(wish, named(read(client), wish.name))
    outcome = Outcome(None, changes, diff=diff(changes, None))
    if wish.registrations and not discreet:
        outcome.warnings.append(indiscretion(str(wish), [CODE], check_mode))
    for change in changes if not check_mode else ():
        if change.action == "create":
            _create(client, wish, change, outcome)
        else:
            _delete(client, change)
    return outcome


def make_absent(client: Client, found: Sequence[Values], *, check_mode: bool) -> Outcome:
    """Removes activations; the hosts that registered with them stay. Raises AwsError."""
    changes = plan_absent(found)
    for change in changes if not check_mode else ():
        _delete(client, change)
    return Outcome(None, changes, diff=diff(changes, {"status": "present"}))


def _create(client: Client, wish: Wish, change: Change, outcome: Outcome) -> None:
    """Makes the activation, as soon as SSM knows its role."""
    params = {
        "IamRole": change.params["iam_role"],
        "RegistrationLimit": wish.registrations,
        "ExpirationDate": client.now + timedelta(seconds=wish.lifetime),
        "Tags": [{"Key": key, "Value": value} for key, value in change.params["tags"].items()],
    }
    optional = {"Description": "description", "DefaultInstanceName": "default_instance_name"}
    params |= {member: change.params[option] for member, option in optional.items() if option in change.params}
    made = _created(client, params)
    outcome.told[CODE] = made["ActivationCode"]
    outcome.observed = _read_anew(client, made["ActivationId"])


def _created(client: Client, params: Values) -> Values:
    refusals: list[AwsError] = []
    for _try in PROPAGATION.tries():
        try:
            made: Values = client.write("ssm", "CreateActivation", **params)
        except AwsError as error:
            refusals.append(error)
            if not ROLE_NOT_READY.search(error.message):
                raise
        else:
            return made
    refusals[-1].advise(". iam_role: give a role that exists and that ssm.amazonaws.com may assume")
    raise refusals[-1]


def _read_anew(client: Client, activation: str) -> Values:
    """A new activation, as soon as SSM tells of it; until then, its id."""
    for _try in PROPAGATION.tries():
        found = read(client, activation_id=activation)
        if found:
            return found[0]
    return {"activation_id": activation}


def _delete(client: Client, change: Change) -> None:
    try:
        client.write("ssm", "DeleteActivation", ActivationId=change.params["activation_id"])
    except AwsError as error:
        if error.code not in GONE:
            raise


def read(client: Client, activation_id: str = "", iam_role: str = "") -> list[Values]:
    """Activations in options' spelling, with their tags as a map, and the ``name`` that one of them holds.

    Raises AwsError.
    """
    asked = {"ActivationIds": activation_id, "IamRole": iam_role}
    filters = [{"FilterKey": key, "FilterValues": [value]} for key, value in asked.items() if value]
    narrowed = {"Filters": filters} if filters else {}
    listed = client.listed("ssm", "DescribeActivations", "ActivationList", MaxResults=PAGE, **narrowed)
    return [_told(one) for one in listed]


def named(activations: Sequence[Values], name: str) -> list[Values]:
    return [one for one in activations if one["name"] == name]


def _told(activation: Values) -> Values:
    tags = {tag["key"]: tag["value"] for tag in activation.get("tags") or ()}
    return {"registrations_count": 0, **activation, "name": tags.get(NAME_TAG), "tags": tags}
