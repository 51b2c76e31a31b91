# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service would make of changes, as a pure function: the observed state after them.

Where the API leaves room, the harshest reading is taken: a structure that is sent replaces the whole structure.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import Attachments, Resource, Values, leaves
from ansible_collections.flotilla.eks.plugins.module_utils._paths import graft, pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Change

ID = "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9"  # of what the service calls by an id


def applied(resource: Resource, changes: Iterable[Change], observed: Values | None) -> Values | None:
    """The observed state after changes, as Describe and the listing of attachments would tell it."""
    for change in changes:
        if change.action == "create":
            observed = _created(resource, change.params)
        elif change.action == "delete":
            observed = None
        else:
            assert observed is not None
            observed = _changed(resource, change, deepcopy(observed))
    return observed


def _created(resource: Resource, params: Values) -> Values:
    defaults = (
        {"scaling_config": {"min_size": 1, "max_size": 2, "desired_size": 1}} if resource.kind == "nodegroup" else {}
    )
    enveloped = params.get(resource.envelope, {})
    options = {name: value for name, value in enveloped.items() if name in (resource.options.members or {})}
    outside = {name: value for name, value in params.items() if name != resource.envelope}
    made = {
        **defaults,
        **deepcopy({**options, **outside}),
        resource.arn: f"arn:aws:eks:::{resource.kind}/1",
        "status": "ACTIVE",
    }
    made |= {resource.finder.id: ID} if resource.finder else {}
    hidden = {path for path, option in leaves(resource.options) if not option.echoed}
    return {name: value for name, value in made.items() if name not in hidden}


def _changed(resource: Resource, change: Change, observed: Values) -> Values:
    params = change.params
    if change.action == "tag":
        observed["tags"] = {**observed.get("tags", {}), **params["tags"]}
    elif change.action == "untag":
        observed["tags"] = {key: tag for key, tag in observed["tags"].items() if key not in params["tag_keys"]}
    elif change.action in ("attach", "detach"):
        assert resource.attachments is not None
        option = resource.attachments.option
        observed[option] = _attached(resource.attachments, change, observed.get(option, []))
    else:
        _update(resource, change, observed)
    return observed


def _attached(attachments: Attachments, change: Change, before: list[Values]) -> list[Values]:
    params, key = change.params, attachments.key
    item = {name: value for name, value in params.items() if name in (attachments.item.members or {})}
    kept = [other for other in before if other[key] != params[key]]
    old = next((other for other in before if other[key] == params[key]), None)
    if change.action == "detach":
        return [*kept, _less(old, params["specifiers"])] if old and "specifiers" in params else kept
    return [*kept, _more(old, item) if old and attachments.split else item]


def _less(mapping: Values, specifiers: list[str]) -> Values:
    """An attribute mapping without some rules."""
    rules = [rule for rule in mapping["mapping_rules"] if rule["specifier"] not in specifiers]
    return {**mapping, "mapping_rules": rules}


def _more(mapping: Values, item: Values) -> Values:
    """An attribute mapping to which rules are added."""
    added = [rule for rule in item["mapping_rules"] if rule not in mapping["mapping_rules"]]
    return {**mapping, "mapping_rules": mapping["mapping_rules"] + added}


def _update(resource: Resource, change: Change, observed: Values) -> None:
    for update in resource.updates:
        if update.otherwise and change.operation in (update.operation, update.otherwise):
            graft(observed, update.carries[0], change.operation == update.operation)
            continue
        for path in update.carries if update.operation == change.operation else ():
            sent = pick(change.params, path)
            if sent is None and path in update.always:
                observed.pop(path, None)
            elif sent is not None:
                graft(observed, path, _value(path, pick(observed, path), deepcopy(sent)))


def _value(path: str, before: Any, sent: Any) -> Any:
    """What a value becomes by an update that sends this for it."""
    if path == "labels":
        labels = {key: value for key, value in (before or {}).items() if key not in sent.get("remove_labels", [])}
        return {**labels, **sent.get("add_or_update_labels", {})}
    if path == "taints":
        gone = sent.get("remove_taints", []) + sent.get("add_or_update_taints", [])
        kept = [taint for taint in before or [] if not any(_same_taint(taint, other) for other in gone)]
        return kept + sent.get("add_or_update_taints", [])
    if path == "logging":
        return {"cluster_logging": _log_setups((before or {}).get("cluster_logging") or [], sent["cluster_logging"])}
    if path == "configuration.argo_cd.rbac_role_mappings":
        return _mappings(before or [], sent)
    if path == "notification_settings":
        events = [setting["event"] for setting in sent]
        return [setting for setting in before or [] if setting["event"] not in events] + sent
    if path in ("scaling_config", "launch_template"):
        return {**(before or {}), **sent}
    return sent


def _same_taint(one: Values, other: Values) -> bool:
    return (one["key"], one["effect"]) == (other["key"], other["effect"])


def _mappings(before: list[Values], sent: Values) -> list[Values]:
    """Role mappings, where an updated role keeps the identities that are not removed."""
    held = {mapping["role"]: list(mapping["identities"]) for mapping in before}
    for mapping in sent.get("add_or_update_role_mappings", []):
        known = held.setdefault(mapping["role"], [])
        known += [one for one in mapping["identities"] if one not in known]
    for mapping in sent.get("remove_role_mappings", []):
        held[mapping["role"]] = [one for one in held[mapping["role"]] if one not in mapping["identities"]]
    return [{"role": role, "identities": who} for role, who in held.items() if who]


def _log_setups(before: list[Values], sent: list[Values]) -> list[Values]:
    on: set[str] = set()
    for setup in (*before, *sent):
        on = on | set(setup["types"]) if setup["enabled"] else on - set(setup["types"])
    return [{"types": sorted(on), "enabled": True}] if on else []
