# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is: one resource by its identity, or all of one kind side by side, as Describe tells it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._documents import data_of
from ansible_collections.flotilla.eks.plugins.module_utils._model import References, Resource, Values, leaves
from ansible_collections.flotilla.eks.plugins.module_utils._paths import graft, pick, prune
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused, title

PARALLEL_READS = 8


def observe(client: Client, resource: Resource, identity: Values, attachments: bool = False) -> Values | None:
    """The resource as the service describes it, in options' spelling; None if it does not exist. Raises AwsError."""
    try:
        names = _found(client, resource, identity)
    except AwsError as error:
        if error.not_found:
            return None
        raise
    return None if names is None else _described(client, resource, names, attachments)


def observe_all(client: Client, resource: Resource, known: Values, attachments: bool = False) -> list[Values]:
    """All resources with the ``known`` part of an identity, in the order of List; Describe is called in parallel.

    What is deleted meanwhile is left out. Raises AwsError.
    """
    parent = resource.names(known)
    items = client.pages_of(resource.service, resource.list_operation, resource.listing, **parent, **resource.asks)
    names = [{**parent, **_names_of(resource, item, known)} for item in items]
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        found = pool.map(lambda name: _described(client, resource, name, attachments), names)
        return [observed for observed in found if observed is not None]


def _found(client: Client, resource: Resource, identity: Values) -> Values | None:
    """What requests call the resource; None if the service has no id for it. Raises Refused where several match."""
    names = resource.names(identity)
    finder = resource.finder
    if finder is None:
        return names
    items = client.pages_of(resource.service, resource.list_operation, resource.listing, **names)
    ids = [item[finder.id] for item in items if finder.matches(item, identity)]
    if len(ids) > 1:
        raise Refused(
            f"{title(resource, identity)}: found {len(ids)} of it: {', '.join(ids)}. Only one may be called so"
        )
    return {**names, finder.request: ids[0]} if ids else None


def _names_of(resource: Resource, item: Any, known: Values) -> Values:
    """What requests call a resource that List told of."""
    if resource.finder:
        return {resource.finder.request: item[resource.finder.id]}
    *_parents, own = resource.identity
    return resource.names({**known, own: item if isinstance(item, str) else item[resource.listed]})


def _described(client: Client, resource: Resource, names: Values, attachments: bool) -> Values | None:
    try:
        observed: Values = pick(
            client.call_of(resource.service, resource.describe_operation, **names), resource.answered
        )
        if resource.tag_listing:
            observed["tags"] = _tags(client, resource, observed)
        if resource.attachments and resource.attachments.listing and attachments:
            attached = resource.attachments
            observed[attached.option] = client.pages(attached.listing, attached.answer, **names)
        if resource.references:
            observed[resource.references.option] = _referred(client, resource.references, names, observed, attachments)
    except AwsError as error:
        if error.not_found:
            return None
        raise
    if resource.hooks.belongs and not resource.hooks.belongs(observed):
        return None
    for path in resource.secret:
        prune(observed, path)
    for path, option in leaves(resource.options):
        if option.kind == "raw" and pick(observed, path) is not None:
            graft(observed, path, data_of(pick(observed, path)))
    return {name: observed[name] for name in resource.members or observed if name in observed}


def _tags(client: Client, resource: Resource, observed: Values) -> dict[str, str]:
    told = client.call_of(resource.service, resource.tag_listing, resource_arn=observed[resource.arn])
    return {tag["key"]: tag["value"] for tag in told.get("tags") or []}


def _referred(client: Client, refer: References, names: Values, observed: Values, in_full: bool) -> list[Values]:
    """What Describe answers with ARNs of: by ARN and id, or ``in_full``. What is gone meanwhile is left out."""
    items = [{refer.arn: arn, refer.id: arn.rpartition("/")[2]} for arn in observed.get(refer.option) or []]
    if not in_full:
        return items
    found = []
    for item in items:
        try:
            found.append(client.call(refer.describe, **names, **{refer.id: item[refer.id]})[refer.answer])
        except AwsError as error:
            if not error.not_found:
                raise
    return found
