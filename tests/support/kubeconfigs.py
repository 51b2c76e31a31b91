# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs for tests: any document, and any layout that a person or a tool may have given it."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.contents import Document
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import Cluster

ARN = "arn:aws:eks:eu-central-1:123456789012:cluster/demo"
CLUSTER = Cluster("demo", ARN, "https://demo.example", "Q0E=")

NAMES = st.sampled_from(
    ["demo", "demo@arn", ARN, "kind", "prod-eu", "1e3", "y", "ünï", "a: b", "# no comment", "- x", "' \""]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES = (
    TEXTS | st.booleans() | st.integers(-3, 3) | st.lists(TEXTS, max_size=2) | st.dictionaries(TEXTS, TEXTS, max_size=2)
)


def _entries(kind: str, keys: list[str]) -> Any:
    bodies = st.dictionaries(st.sampled_from(keys), VALUES, max_size=3)
    entry = st.builds(lambda name, body: {kind: body, "name": name}, NAMES, bodies)
    return st.lists(entry, max_size=4, unique_by=lambda item: str(item["name"])) | st.none()


def documents() -> st.SearchStrategy[Document]:
    """Kubeconfigs with entries of ours and others, members known and unknown."""
    context = st.fixed_dictionaries({}, optional={"cluster": NAMES, "user": NAMES, "namespace": TEXTS})
    contexts = st.builds(lambda name, body: {"context": body, "name": name}, NAMES, context)
    parts = {
        "apiVersion": st.just("v1"),
        "kind": st.just("Config"),
        "clusters": _entries("cluster", ["server", "proxy-url", "tls-server-name", "certificate-authority"]),
        "contexts": st.lists(contexts, max_size=4, unique_by=lambda item: str(item["name"])),
        "users": _entries("user", ["token", "password", "as", "as-groups", "username"]),
        "current-context": NAMES | st.just(""),
        "preferences": st.dictionaries(TEXTS, VALUES, max_size=2),
        "extensions": st.lists(st.fixed_dictionaries({"name": TEXTS, "extension": VALUES}), max_size=2),
        "something-new": VALUES,
    }
    return st.fixed_dictionaries({}, optional=parts)


def same_kubeconfig(one: Document, other: Document) -> bool:
    """Whether two documents mean the same to a client, which takes an empty section for a missing one."""
    return _filled(one) == _filled(other)


def _filled(document: Document) -> Document:
    return {key: value for key, value in document.items() if value and key not in ("apiVersion", "kind")}


def layouts() -> st.SearchStrategy[str]:
    """Texts of kubeconfigs: dumped by a tool as YAML or JSON, or laid out by hand."""
    dumped = st.builds(
        lambda document, flow, indent: yaml.safe_dump(
            document, default_flow_style=flow, indent=indent, sort_keys=False, allow_unicode=True
        ),
        documents(),
        st.sampled_from([False, None]),
        st.sampled_from([2, 4]),
    )
    return dumped | documents().map(lambda document: json.dumps(document, ensure_ascii=False)) | by_hand()


@st.composite
def by_hand(draw: st.DrawFn) -> str:
    """A kubeconfig in block style with a comment at every place where one may stand."""
    document = draw(documents())
    indent = draw(st.sampled_from(["", "  "]))
    dash = draw(st.sampled_from(["- ", "-   "]))
    lines = ["# the head", *(["---"] if draw(st.booleans()) else [])]
    for key, value in document.items():
        lines.append(f"# above {key}")
        if key in ("clusters", "contexts", "users") and value:
            lines.append(f"{key}:  # beside {key}")
            for entry in value:
                lines += [f"{indent}# above an entry", *_item(entry, indent, dash), "", f"{indent}# below an entry"]
        else:
            lines += _mapping({key: value})
    return "\n".join(lines) + draw(st.sampled_from(["\n", "", "\n# the tail\n", "\n\n"]))


def _item(entry: dict[str, Any], indent: str, dash: str) -> list[str]:
    first, *rest = _mapping(entry)
    return [f"{indent}{dash}{first}", *(f"{indent}{' ' * len(dash)}{line}" for line in rest)]


def _mapping(value: dict[str, Any]) -> list[str]:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=9999).splitlines()
