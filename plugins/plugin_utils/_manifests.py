# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes objects as users write them, brought into one checked list in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError

Object = dict[str, Any]


def manifests(
    definitions: Iterable[Mapping[str, Any]],
    texts: Iterable[tuple[str, str]] = (),
    namespaces: Iterable[str | Mapping[str, Any]] = (),
    existing: Sequence[str] | None = None,
) -> dict[str, list[Any]]:
    """Objects given as data, as YAML (pairs of a file's name and its text), and as namespaces (a name, or metadata).

    ``secrets`` are those whose content is not to be shown, after the namespaces that they may need; ``objects`` are all
    others, namespaces first. ``removals`` are all, the last first, without content; namespaces stand apart, in
    ``namespaces``. ``names`` are the names of all. With ``existing``, the namespaces that there are, what goes into
    another one is ``later``, by name, and not among ``secrets`` or ``objects``.

    Raises AnsibleFilterError, which quotes no content.
    """
    given = list(_given(definitions, texts))
    problems = [f"{where} {lack}" for where, thing in given for lack in _lacks(thing)]
    if problems:
        raise AnsibleFilterError("; ".join(problems))
    objects = [_namespace(namespace) for namespace in namespaces] + [thing for _where, thing in given]
    objects.sort(key=lambda thing: thing["kind"] != "Namespace")  # stable: the user's order otherwise
    later = [thing for thing in objects if existing is not None and _outside(thing, existing)]
    now = [thing for thing in objects if thing not in later]
    secrets = [thing for thing in now if thing["kind"] == "Secret"]
    bare = [_bare(thing) for thing in reversed(objects)]
    return {
        "secrets": [thing for thing in now if thing["kind"] == "Namespace"] + secrets if secrets else [],
        "objects": [thing for thing in now if thing["kind"] != "Secret"],
        "removals": [thing for thing in bare if thing["kind"] != "Namespace"],
        "namespaces": [thing for thing in bare if thing["kind"] == "Namespace"],
        "names": [_name(thing) for thing in objects],
        "later": [_name(thing) for thing in later],
    }


def _given(definitions: Iterable[Any], texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    """Each object, those of a List one by one, after words that lead to it."""
    for number, definition in enumerate(definitions, start=1):
        yield from _items(f"definition {number}", definition)
    for path, text in texts:
        try:
            documents = list(yaml.safe_load_all(text))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" (line {mark.line + 1})" if mark else ""
            raise AnsibleFilterError(f"{path} is not valid YAML{where}") from None
        for number, document in enumerate(documents, start=1):
            if document is not None:
                yield from _items(f"{path}, document {number}", document)


def _items(where: str, thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, Mapping) and str(thing.get("kind")).endswith("List"):
        for number, item in enumerate(thing.get("items") or [], start=1):
            yield f"{where}, item {number}", item
    else:
        yield where, thing


def _lacks(thing: Any) -> list[str]:
    if not isinstance(thing, Mapping):
        return ["is no Kubernetes object, which is a mapping"]
    metadata = thing.get("metadata")
    named = isinstance(metadata, Mapping) and metadata.get("name")
    lacking = [member for member in ("apiVersion", "kind") if not thing.get(member)] + (
        [] if named else ["metadata.name"]
    )
    return [f"lacks {' and '.join(lacking)}"] if lacking else []


def _namespace(given: str | Mapping[str, Any]) -> Object:
    metadata = {"name": given} if isinstance(given, str) else dict(given)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _outside(thing: Object, existing: Sequence[str]) -> bool:
    return bool(thing["metadata"].get("namespace")) and thing["metadata"]["namespace"] not in existing


def _bare(thing: Object) -> Object:
    metadata = {part: thing["metadata"][part] for part in ("namespace", "name") if part in thing["metadata"]}
    return {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "metadata": metadata}


def _name(thing: Object) -> str:
    """``Deployment shop/web``."""
    metadata = thing["metadata"]
    return f"{thing['kind']} {'/'.join(metadata[part] for part in ('namespace', 'name') if metadata.get(part))}"
