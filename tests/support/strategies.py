# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies: values of API shapes, and desired states that the service would accept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._model import Option, Resource, Values, leaves
from ansible_collections.flotilla.eks.plugins.module_utils._paths import graft, pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired
from ansible_collections.flotilla.eks.plugins.module_utils._resources.cluster import AUTO_MODE, LOG_TYPES
from ansible_collections.flotilla.eks.plugins.module_utils._resources.roles_anywhere_profile import FIELDS
from ansible_collections.flotilla.eks.plugins.module_utils._resources.roles_anywhere_trust_anchor import EVENTS
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake
from support.descriptors import IDENTITIES, RESOURCES, model_of

Strategy = st.SearchStrategy[Any]

WORDS = st.text("abcxyz019-", min_size=1, max_size=12)
HOSTILE_KEYS = ["CostCenter", "appTier", "kubernetes.io/role", "with space", "ARNList", "a_b", "ümlaut", ":/=+@", ""]
KEYS = st.sampled_from(HOSTILE_KEYS[:-1]) | WORDS
LABELS = st.dictionaries(KEYS, WORDS, max_size=4)
TAGS = st.dictionaries(KEYS, st.just("") | WORDS, max_size=4)
DOCUMENTS = st.dictionaries(KEYS, st.integers() | WORDS | st.lists(WORDS, min_size=1, max_size=3), max_size=3)
ROLES = st.sampled_from([f"arn:aws:iam::{account}:role/{name}" for account in ("1" * 12, "2" * 12) for name in "ab"])


def of_shape(shape: Any, special: Mapping[str, Strategy] | None = None, always: tuple[str, ...] = ()) -> Strategy:
    """Values of an API shape in options' spelling. Members in ``special`` come from there, wherever they stand."""
    special = special or {}
    if shape.type_name == "structure":
        members = {
            name: special[name] if name in special else of_shape(member, special)
            for name, member in ((snake(name), member) for name, member in shape.members.items())
        }
        needed = {*always, *map(snake, shape.required_members)} & members.keys()
        return st.fixed_dictionaries(
            {name: members.pop(name) for name in sorted(needed)},
            optional=members,
        )
    if shape.type_name == "list":
        return st.lists(
            of_shape(shape.member, special), max_size=min(shape.metadata.get("max", 3), 3), unique_by=text_of
        )
    if shape.type_name == "map":
        return LABELS
    if shape.type_name in ("integer", "long"):
        return st.integers(shape.metadata.get("min", 1), shape.metadata.get("max", 100))
    if shape.type_name in ("double", "float"):
        return st.floats(shape.metadata.get("min", 0), shape.metadata.get("max", 100))
    if shape.type_name == "timestamp":
        return st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
    if shape.type_name == "boolean":
        return st.booleans()
    return st.sampled_from(shape.enum) if getattr(shape, "enum", None) else WORDS


def text_of(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@st.composite
def sizes(draw: st.DrawFn) -> Values:
    """One, two or all three sizes of a node group, in the right order."""
    least, more, yet_more = (draw(st.integers(0, 3)) for _size in range(3))
    full = {"min_size": least, "desired_size": least + more, "max_size": max(1, least + more + yet_more)}
    return {name: full[name] for name in draw(st.sets(st.sampled_from(sorted(full)), min_size=1))}


def log_setups(types: list[str]) -> list[Values]:
    off = [kind for kind in LOG_TYPES if kind not in types]
    return [{"types": types, "enabled": True}, {"types": off, "enabled": False}][: 2 if types and off else 1]


def of_choice(*names: str | int) -> Strategy:
    return st.sampled_from(names)


def structure(**members: Strategy) -> Strategy:
    return st.fixed_dictionaries(members)


def pem(name: str) -> str:
    """Something that looks like a certificate."""
    return f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n"


# Members that the rules of the resources look into.
SPECIAL: dict[str, Strategy] = {
    "version": of_choice("1.31", "1.32", "1.33"),
    "role_arn": ROLES,
    "node_role": ROLES,
    "node_role_arn": ROLES,
    "pod_execution_role_arn": ROLES,
    "subnet_ids": st.lists(WORDS, min_size=2, max_size=4, unique=True),
    "security_group_ids": st.lists(WORDS.map("sg-{}".format), max_size=4, unique=True),
    "cluster_logging": st.lists(of_choice(*LOG_TYPES), unique=True).map(log_setups),
    "selectors": st.lists(
        st.fixed_dictionaries({"namespace": WORDS}, optional={"labels": LABELS}),
        min_size=1,
        max_size=3,
        unique_by=text_of,
    ),
    "taints": st.lists(
        st.fixed_dictionaries(
            {"key": WORDS, "effect": of_choice("NO_SCHEDULE", "NO_EXECUTE")}, optional={"value": WORDS}
        ),
        max_size=3,
        unique_by=lambda taint: (taint["key"], taint["effect"]),
    ),
    "scaling_config": sizes(),
    "launch_template": st.fixed_dictionaries({"id": of_choice("lt-1", "lt-2"), "version": of_choice("1", "2")}),
    "node_repair_config_overrides": st.lists(
        structure(
            node_monitoring_condition=WORDS,
            node_unhealthy_reason=WORDS,
            min_repair_wait_time_mins=st.integers(1, 9),
            repair_action=of_choice("Replace", "Reboot"),
        ),
        max_size=2,
        unique_by=text_of,
    ),
    "term": structure(duration=of_choice(12, 36)),
    "issuer_url": WORDS.map("https://{}.example.org".format),
    "rbac_role_mappings": st.lists(
        structure(
            role=of_choice("ADMIN", "EDITOR", "VIEWER"),
            identities=st.lists(
                structure(id=of_choice("anna", "bert", "carl"), type=of_choice("SSO_USER", "SSO_GROUP")),
                max_size=3,
                unique_by=text_of,
            ),
        ),
        max_size=3,
        unique_by=lambda mapping: mapping["role"],
    ),
    "service_account_role_arn": st.just("") | ROLES,
    "target_role_arn": st.just("") | ROLES,
    "pod_identity_associations": st.lists(
        structure(service_account=of_choice("a", "b", "c"), role_arn=ROLES),
        max_size=3,
        unique_by=lambda identity: identity["service_account"],
    ),
    "source": of_choice("a", "b").map(
        lambda name: {"source_type": "CERTIFICATE_BUNDLE", "source_data": {"x509_certificate_data": pem(name)}}
    )
    | structure(source_type=st.just("AWS_ACM_PCA"), source_data=structure(acm_pca_arn=of_choice("arn:a", "arn:b"))),
    "notification_settings": st.lists(
        st.fixed_dictionaries(
            {"event": of_choice(*EVENTS), "enabled": st.booleans(), "threshold": st.integers(1, 360)},
            optional={"channel": st.just("ALL")},
        ),
        max_size=2,
        unique_by=lambda setting: setting["event"],
    ),
    "role_arns": st.lists(ROLES, max_size=3, unique=True),
    "session_policy": DOCUMENTS,
    "attribute_mappings": st.lists(
        structure(
            certificate_field=of_choice(*FIELDS),
            mapping_rules=st.lists(of_choice("CN", "OU", "*"), max_size=3, unique=True).map(
                lambda names: [{"specifier": name} for name in names]
            ),
        ),
        max_size=3,
        unique_by=lambda mapping: mapping["certificate_field"],
    ),
    "configuration_values": DOCUMENTS,
    "policy": DOCUMENTS,
    "policies": st.lists(
        structure(
            policy_arn=of_choice("arn:a", "arn:b", "arn:c"),
            access_scope=st.just({"type": "cluster"})
            | structure(type=st.just("namespace"), namespaces=st.lists(WORDS, min_size=1, max_size=3, unique=True)),
        ),
        max_size=3,
        unique_by=lambda policy: policy["policy_arn"],
    ),
}


@lru_cache
def values(kind: str, creating: bool = True) -> Strategy:
    """The values of a desired state; with all that is required if it is to be created."""
    resource = RESOURCES[kind]
    required = resource.required if creating else ()
    members = {name: _of_member(resource, name) for name in resource.options.members or {}}
    drawn = st.fixed_dictionaries(
        {name: members.pop(name) for name in required},
        optional=members,
    )
    return drawn.map(lambda given: _acceptable(resource, given))


def _of_member(resource: Resource, name: str) -> Strategy:
    if name in SPECIAL:
        return SPECIAL[name]
    members = model_of(resource).operation_model(resource.create_operation).input_shape.members
    members = members[resource.envelope].members if resource.envelope else members
    shape = next(shape for member, shape in members.items() if snake(member) == name)
    always = ("subnet_ids",) if name == "resources_vpc_config" else ()
    return of_shape(shape, SPECIAL, always)


def _acceptable(resource: Resource, given: Values) -> Values:
    """The values without what the rules of the resource refuse."""
    given = _without_exclusives(resource.options, deepcopy(given))
    if resource.kind == "nodegroup" and "launch_template" in given:
        return {name: value for name, value in given.items() if name not in ("disk_size", "remote_access")}
    if resource.kind == "capability":
        _be_argo_cd(given)
    if resource.kind == "pod_identity_association" and ("policy" in given or "disable_session_tags" in given):
        given["disable_session_tags"] = True  # else a policy, also one that is there already, is refused
    if resource.kind == "cluster":
        _keep_an_endpoint(given.get("resources_vpc_config", {}))
        _agree_on_auto_mode(given)
    return given


def _be_argo_cd(given: Values) -> None:
    """Of the types, the one with the most to configure; a new one has its configuration."""
    given.get("configuration", {}).pop("ack", None)
    if "type" in given:
        given["type"] = "ARGOCD"
        sign_in = {"aws_idc": {"idc_instance_arn": "arn:aws:sso:::instance/ssoins-1"}}
        given.setdefault("configuration", {}).setdefault("argo_cd", sign_in)


def _keep_an_endpoint(vpc: Values) -> None:
    for one, other in (("public", "private"), ("private", "public")):
        if vpc.get(f"endpoint_{one}_access") is False:
            vpc[f"endpoint_{other}_access"] = True
            break


def _agree_on_auto_mode(given: Values) -> None:
    """All three switches in one position; node pools and role only with them on."""
    switches = [pick(given, path) for path in AUTO_MODE]
    if given.get("compute_config") or any(switch is not None for switch in switches):
        for path in AUTO_MODE:
            graft(given, path, True in switches)
        if True not in switches:
            given["compute_config"] = {"enabled": False}


def _without_exclusives(option: Option, given: Values) -> Values:
    for group in option.exclusive:
        for name in [name for name in group if name in given][1:]:
            del given[name]
    for name, member in (option.members or {}).items():
        if member.members and name in given:
            given[name] = _without_exclusives(member, given[name])
    return given


def desired(resource: Resource, given: Strategy) -> Strategy:
    """A desired state of the usual resource of this kind."""
    return st.builds(
        Desired,
        identity=st.just(IDENTITIES[resource.kind]),
        values=given,
        tags=st.none() | TAGS,
        purge_tags=st.booleans(),
        purge_attachments=st.booleans(),
        modifiers=st.just({resource.confirmation: True} if resource.confirmation else {}),
    )


def reachable(resource: Resource, given: Values, observed: Values) -> Values:
    """The values without what an existing resource cannot become."""
    given = deepcopy(given)
    for path, option in leaves(resource.options):
        after, before = pick(given, path), pick(observed, path)
        if after is None or path == (resource.attachments and resource.attachments.option):
            continue
        if resource.update_for(path) is None or (option.refuse and option.refuse(before, after)):
            _prune(given, path.replace("launch_template.id", "launch_template"))
    sizes_after = {**(observed.get("scaling_config") or {}), **given.get("scaling_config", {})}
    ordered = [sizes_after[name] for name in ("min_size", "desired_size", "max_size") if name in sizes_after]
    if ordered != sorted(ordered):
        del given["scaling_config"]
    return given


def _prune(values_: Values, path: str) -> None:
    *parents, last = path.split(".")
    for name in parents:
        values_ = values_[name]
    del values_[last]


def shuffled(option: Option, value: Any, shuffle: Callable[[list[Any]], list[Any]]) -> Any:
    """The same value with its lists in another order, where order has no meaning."""
    if option.members is not None:
        return {name: shuffled(option.members[name], member, shuffle) for name, member in value.items()}
    if option.elements is not None:
        items = [shuffled(option.elements, item, shuffle) for item in value]
        return items if option.ordered else shuffle(items)
    return value
