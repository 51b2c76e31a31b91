# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Labels and taints that are kept on Nodes which registered long ago: how a Node has to change. Pure.

A kubelet sets labels and taints when its Node is made, and never again. What is kept by us is remembered in an
annotation, so that what is no longer wanted can go, and what others have set stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

MEMORY = "flotilla.eks/kept"
"""Annotation of a Node: JSON with the keys of the labels, and with the taints as KEY:EFFECT, that are kept by us."""

Taint = Mapping[str, str]


def change(
    node: Mapping[str, Any], labels: Mapping[str, str] | None, taints: Sequence[Taint] | None
) -> dict[str, Any] | None:
    """A merge patch that gives the Node the labels and taints; None if it has them. What is None is left alone."""
    metadata, kept = node["metadata"], _memory(node)
    patch: dict[str, Any] = {"metadata": {}}
    memory = dict(kept)
    if labels is not None:
        changed = _labels(metadata.get("labels") or {}, labels, kept["labels"])
        patch["metadata"] |= {"labels": changed} if changed else {}
        memory["labels"] = sorted(labels)
    if taints is not None:
        before = (node.get("spec") or {}).get("taints") or []
        after = _taints(before, taints, kept["taints"])
        if after is not None:  # a list is replaced as a whole, so it has to be still the one that was read
            patch["spec"] = {"taints": after or None}
            patch["metadata"]["resourceVersion"] = metadata["resourceVersion"]
        memory["taints"] = sorted(map(_of, taints))
    if memory != kept:
        told = json.dumps(memory) if any(memory.values()) else None
        patch["metadata"]["annotations"] = {MEMORY: told}
    return patch if patch["metadata"] else None


def _labels(now: Mapping[str, str], wanted: Mapping[str, str], kept: Sequence[str]) -> dict[str, str | None]:
    gone: dict[str, str | None] = {key: None for key in kept if key in now and key not in wanted}
    return {**gone, **{key: value for key, value in wanted.items() if now.get(key) != value}}


def _taints(now: Sequence[Taint], wanted: Sequence[Taint], kept: Sequence[str]) -> list[dict[str, Any]] | None:
    """All taints of the Node; None if they may stay as they are."""
    ours = {_of(taint): taint for taint in wanted}
    others = [dict(taint) for taint in now if _of(taint) not in ours and _of(taint) not in kept]
    there = {_of(taint): taint for taint in now}
    same = all(key in there and there[key].get("value", "") == taint.get("value", "") for key, taint in ours.items())
    if same and len(others) + len(ours) == len(now):
        return None
    return others + [{name: value for name, value in taint.items() if value} for taint in ours.values()]


def _of(taint: Taint) -> str:
    """What a Node has one taint of."""
    return f"{taint['key']}:{taint['effect']}"


def _memory(node: Mapping[str, Any]) -> dict[str, list[str]]:
    try:
        found = json.loads((node["metadata"].get("annotations") or {})[MEMORY])
        return {name: list(map(str, found[name])) for name in ("labels", "taints")}
    except (KeyError, ValueError, TypeError):
        return {"labels": [], "taints": []}
