# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a module's main() to the engine and back. The only place that fails a module."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils import _apply, _generations
from ansible_collections.flotilla.eks.plugins.module_utils._apply import Job, Outcome
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._documents import data_of, text_of
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._model import Option, Resource, Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import graft, pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Change, Desired, Refused, title
from ansible_collections.flotilla.eks.plugins.module_utils._read import observe, observe_all
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled

LOOKS_SECRET = re.compile("key|token|secret|pass")  # Ansible warns of such names; no EKS option holds a secret


def argument_spec(resource: Resource) -> Values:
    """The options of a resource's module, without those that AnsibleAWSModule adds."""
    spec = {name: _identity_option(resource, name) for name in resource.identity}
    spec.update({name: _option_spec(name, option) for name, option in (resource.options.members or {}).items()})
    spec.update({name: _option_spec(name, option) for name, option in resource.modifiers.items()})
    spec.update({name: _option_spec(name, resource.option(path)) for name, path in resource.shorthands.items()})
    spec.update(
        tags={"type": "dict", "aliases": ["resource_tags"]},
        purge_tags={"type": "bool", "default": True},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
    )
    if resource.replaceable:
        spec["replace"] = {"type": "bool", "default": False}
    if resource.generations:
        spec["replacement"] = {"type": "str", "choices": ["delete_first", "create_first"], "default": "delete_first"}
    if resource.attachments:
        spec[resource.attachments.purge] = {"type": "bool", "default": False}
    if resource.lifecycle:
        spec.update(
            wait={"type": "bool", "default": True},
            wait_timeout={"type": "int", "default": resource.wait_timeout},
            wait_delay={"type": "int", "default": 15},
        )
    return spec


def _identity_option(resource: Resource, name: str) -> Values:
    own = f"{resource.kind}_name"
    aliases = {"aliases": [own]} if name == "name" and len(resource.identity) > 1 else {}
    return {"type": "str", "required": True, **aliases}


def _option_spec(name: str, option: Option) -> Values:
    spec: Values = {"type": option.kind}
    if option.choices:
        spec["choices"] = list(option.choices)
    if option.required:
        spec["required"] = True
    if option.aliases:
        spec["aliases"] = list(option.aliases)
    if LOOKS_SECRET.search(name):
        spec["no_log"] = False
    spec.update(_structure_spec(option))
    if option.elements is not None:
        spec["elements"] = option.elements.kind
        if option.elements.choices:
            spec["choices"] = list(option.elements.choices)
        spec.update(_structure_spec(option.elements))
    return spec


def _structure_spec(option: Option) -> Values:
    if option.members is None:
        return {}
    spec: Values = {"options": {name: _option_spec(name, member) for name, member in option.members.items()}}
    if option.exclusive:
        spec["mutually_exclusive"] = [list(group) for group in option.exclusive]
    return spec


def desired_state(resource: Resource, params: Mapping[str, Any]) -> Desired:
    """What the user said, freed of what was not said, and with other spellings brought to the API's. Raises Refused."""
    options = resource.options
    identity = {name: params[name] for name in resource.identity}
    values = {}
    for name, option in (options.members or {}).items():
        try:
            values[name] = _given(option, params.get(name))
        except ValueError as error:
            raise Refused(f"{title(resource, identity)}: {name}: {error}") from error
    values = {name: value for name, value in values.items() if value is not None}
    for name, path in resource.shorthands.items():
        if params.get(name) is not None:
            if pick(values, path) is not None:
                raise Refused(
                    f"{title(resource, identity)}: {name} and {path} are two names of one thing; give one of them"
                )
            graft(values, path, params[name])
    tags = params.get("tags")
    return Desired(
        identity=identity,
        values=resource.hooks.prepare(values),
        tags=None if tags is None else {str(key): text_of(value) for key, value in tags.items()},
        purge_tags=bool(params.get("purge_tags", True)),
        purge_attachments=bool(resource.attachments and params.get(resource.attachments.purge)),
        modifiers={name: params[name] for name in resource.modifiers if params.get(name)},
        replace=bool(params.get("replace")),
    )


def _given(option: Option, value: Any) -> Any:
    if value is None:
        return None
    if option.members is not None:
        members = {name: _given(member, value.get(name)) for name, member in option.members.items()}
        return {name: member for name, member in members.items() if member is not None}
    if option.elements is not None:
        return [_given(option.elements, item) for item in value]
    if option.kind == "dict":
        return {str(key): text_of(item) for key, item in value.items()}
    return data_of(value) if option.kind == "raw" else value


def run(resource: Resource) -> None:
    """main() of a resource's module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(resource), supports_check_mode=True)
    engine = _generations if module.params.get("replacement") == "create_first" else _apply
    converge = engine.make_present if module.params["state"] == "present" else engine.make_absent
    who = title(resource, {name: module.params[name] for name in resource.identity})
    outcome = guarded(module, who, lambda: converge(_job(module, resource)))
    conclude(module, who, outcome, **_oddities(resource, outcome))


def _job(module: Any, resource: Resource) -> Job:
    params = module.params
    waits = (
        Patience(params["wait"], params["wait_timeout"], max(1, params["wait_delay"]))
        if resource.lifecycle
        else Patience()
    )
    return Job(
        client_for(module),
        resource,
        desired_state(resource, params),
        waits,
        module.check_mode,
        discreet=bool(resource.told_once) and is_discreet(module),
    )


def is_discreet(module: Any) -> bool:
    """Whether the task's result is shown to nobody."""
    return bool(module._module.no_log)


def run_info(resource: Resource) -> None:
    """main() of a resource's info module: one by name, or all, each described, in parallel."""
    own = {name: _identity_option(resource, name) for name in resource.identity}
    spec = {name: {**option, "required": name in resource.parents} for name, option in own.items()}
    module = AnsibleAWSModule(argument_spec=spec, supports_check_mode=True)
    client = client_for(module)
    known = {name: module.params[name] for name in resource.identity if module.params[name]}

    def look() -> list[Values]:
        if known.keys() != resource.identity.keys():
            return observe_all(client, resource, known, attachments=True)
        found = observe(client, resource, known, attachments=True)
        return [] if found is None else [found]

    module.exit_json(changed=False, **{resource.plural: guarded(module, resource.plural, look)})


def guarded(module: Any, who: str, work: Callable[[], Any]) -> Any:
    """What ``work`` returns; whatever it cannot do fails the module, in one sentence about ``who``."""
    try:
        return work()
    except (Refused, Unsettled) as failure:
        message = str(failure)
    except (AwsError, KubernetesError) as failure:
        message = f"{who}: {failure}"
    return module.fail_json(msg=message)  # outside of the handlers: Ansible would add their traceback


def conclude(module: Any, who: str, outcome: Outcome, **more: Any) -> None:
    """Ends a module that converged something: its warnings, and its result, with what ``more`` there is to say."""
    for warning in outcome.warnings:
        module.warn(warning)
    result = {**(outcome.observed or {}), "changed": outcome.changed, "changes": [shown(c) for c in outcome.changes]}
    for path, secret in outcome.told.items():
        graft(result, path, secret)
    if module._diff:
        result["diff"] = {"before_header": who, "after_header": who, **outcome.diff}
    module.exit_json(**result, **more)


def _oddities(resource: Resource, outcome: Outcome) -> Values:
    """What only some resources' results hold."""
    nested = {resource.kind: outcome.observed} if resource.nested and outcome.observed else {}
    return {**nested, **({"blocked_by": outcome.blockers} if outcome.blockers else {})}


def shown(change: Change) -> Values:
    """A change as results tell it."""
    fields = [difference.path for difference in change.differences]
    return {"action": change.action, "operation": change.operation, "fields": fields}
