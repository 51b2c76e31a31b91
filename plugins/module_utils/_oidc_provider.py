# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OpenID Connect provider in IAM that makes a cluster's service accounts known there.

No thumbprints are sent: IAM trusts the issuers of EKS by its own library of certificate authorities, and finds the
thumbprint itself (service model of CreateOpenIDConnectProvider).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._apply import Outcome
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference
from ansible_collections.flotilla.eks.plugins.module_utils._entry import conclude, guarded
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import RESERVED_TAGS, Change, Refused, diff
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience

SCHEME = "https://"
AUDIENCE = "sts.amazonaws.com"  # the one that tokens of service accounts have for IAM
PROPAGATION = Patience(timeout=60, delay=5)  # a provider made a moment ago may not be found yet
ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str"},
    "url": {"type": "str"},
    "client_ids": {"type": "list", "elements": "str", "aliases": ["client_id_list"], "default": [AUDIENCE]},
    "purge_client_ids": {"type": "bool", "default": False},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


@dataclass(frozen=True)
class Wish:
    """What the user said of one provider. ``tags`` None: left alone."""

    url: str
    client_ids: tuple[str, ...] = (AUDIENCE,)
    purge_client_ids: bool = False
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True
    present: bool = True


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        mutually_exclusive=[("cluster_name", "url")],
        required_one_of=[("cluster_name", "url")],
    )
    client, cluster = client_for(module), module.params["cluster_name"]
    who = f"OIDC provider of cluster {cluster}" if cluster else f"OIDC provider {module.params['url']}"

    def converge() -> Outcome:
        url = issuer(client, cluster) if cluster else module.params["url"]
        wish = wished(who, module.params, url)
        return make(client, wish, module.check_mode) if url else _without_issuer(who, wish, module.check_mode)

    conclude(module, who, guarded(module, who, converge))


def wished(who: str, params: Values, url: str) -> Wish:
    """What the options say. Raises Refused."""
    tags = params["tags"]
    problems = [
        f"tags: found the key {key!r}; keys with the prefix {RESERVED_TAGS} belong to AWS, remove it"
        for key in tags or {}
        if str(key).startswith(RESERVED_TAGS)
    ]
    if url and not url.startswith(SCHEME):
        problems.append(f"url: found {url!r}, wanted an address that begins with {SCHEME}")
    if problems:
        raise Refused(f"{who}: {'; '.join(problems)}")
    return Wish(
        url=url,
        client_ids=tuple(dict.fromkeys(params["client_ids"])),
        purge_client_ids=params["purge_client_ids"],
        tags=None if tags is None else {str(key): str(value) for key, value in tags.items()},
        purge_tags=params["purge_tags"],
        present=params["state"] == "present",
    )


def issuer(client: Client, cluster: str) -> str:
    """The address of a cluster's issuer, "" if there is no such cluster or it is not that far. Raises AwsError."""
    try:
        found = client.call("DescribeCluster", name=cluster)["cluster"]
    except AwsError as error:
        if error.not_found:
            return ""
        raise
    return pick(found, "identity.oidc.issuer") or ""


def _without_issuer(who: str, wish: Wish, check_mode: bool) -> Outcome:
    """What comes of a cluster that is not there. Raises Refused where nothing can be made without it."""
    if not wish.present:
        left = f"{who}: the cluster is gone, so a provider that was left of it can only be found and removed by its url"
        return Outcome(None, warnings=[left])
    if check_mode:  # an earlier task of the same run may be the one that makes the cluster
        changes = plan(wish, None)
        return Outcome(None, changes, diff=diff(changes, None))
    raise Refused(f"{who}: the cluster has no issuer. Create it and wait until it is ACTIVE, or give the url")


def make(client: Client, wish: Wish, check_mode: bool) -> Outcome:
    """Makes the provider what is wished. Raises AwsError."""
    arn = find(client, wish.url)
    observed = read(client, arn) if arn else None
    changes = plan(wish, observed)
    outcome = Outcome(observed, changes, diff=diff(changes, observed))
    if check_mode or not changes:
        return outcome
    try:
        for change in changes:
            named = {} if change.action == "create" else {"OpenIDConnectProviderArn": arn}
            answer = client.write("iam", change.operation, **named, **change.params)
            arn = answer.get("OpenIDConnectProviderArn", arn)
    except AwsError as error:
        if error.code != "EntityAlreadyExists":
            raise
        return _already_there(client, wish, outcome, error)
    outcome.observed = _read_anew(client, arn) if arn and wish.present else None
    return outcome


def _already_there(client: Client, wish: Wish, outcome: Outcome, error: AwsError) -> Outcome:
    """The outcome where a creation met its own provider: made by this very call before its answer was lost, or by
    somebody else a moment ago."""
    for _try in PROPAGATION.tries():
        if find(client, wish.url):
            rest = make(client, wish, check_mode=False)
            rest.changes = outcome.changes if error.retries else rest.changes
            return rest
    raise error


def plan(wish: Wish, observed: Values | None) -> list[Change]:
    """The calls that make a provider what is wished. ``params`` are in IAM's own spelling, without the ARN. Pure."""
    if not wish.present:
        return [Change("delete", "DeleteOpenIDConnectProvider")] if observed else []
    if observed is None:
        members: Values = {"Url": wish.url, "ClientIDList": list(wish.client_ids)}
        told: Values = {"url": wish.url, "client_ids": list(wish.client_ids)}
        if wish.tags:
            members["Tags"], told["tags"] = _tag_list(wish.tags), dict(wish.tags)
        made = tuple(Difference(name, None, value) for name, value in told.items())
        return [Change("create", "CreateOpenIDConnectProvider", members, made)]
    return [*_client_ids(wish, observed["client_ids"]), *_tags(wish, observed["tags"])]


def _client_ids(wish: Wish, before: list[str]) -> list[Change]:
    added = [one for one in wish.client_ids if one not in before]
    removed = [one for one in before if one not in wish.client_ids] if wish.purge_client_ids else []
    after = [one for one in [*before, *added] if one not in removed]
    steps = [("AddClientIDToOpenIDConnectProvider", one) for one in added]
    steps += [("RemoveClientIDFromOpenIDConnectProvider", one) for one in removed]
    differs = (Difference("client_ids", before, after),)
    return [Change("update", operation, {"ClientID": one}, differs) for operation, one in steps]


def _tags(wish: Wish, before: Mapping[str, str]) -> list[Change]:
    if wish.tags is None:
        return []
    ours = {key: value for key, value in before.items() if not key.startswith(RESERVED_TAGS)}
    removed = [key for key in ours if key not in wish.tags] if wish.purge_tags else []
    added = {key: value for key, value in wish.tags.items() if ours.get(key) != value}
    changes = []
    if removed:
        gone = tuple(Difference(f"tags.{key}", ours[key], None) for key in removed)
        changes.append(Change("untag", "UntagOpenIDConnectProvider", {"TagKeys": removed}, gone))
    if added:
        new = tuple(Difference(f"tags.{key}", ours.get(key), value) for key, value in added.items())
        changes.append(Change("tag", "TagOpenIDConnectProvider", {"Tags": _tag_list(added)}, new))
    return changes


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def find(client: Client, url: str) -> str | None:
    """The ARN of the account's provider for an issuer: it ends with the issuer's address. Raises AwsError."""
    listed = client.read("iam", "ListOpenIDConnectProviders")["OpenIDConnectProviderList"]
    end = f":oidc-provider/{url.removeprefix(SCHEME)}"
    return next((provider["Arn"] for provider in listed if provider["Arn"].endswith(end)), None)


def read(client: Client, arn: str) -> Values | None:
    """The provider as results show it; None if it is gone. Raises AwsError."""
    try:
        found = client.read("iam", "GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
    except AwsError as error:
        if error.not_found:
            return None
        raise
    return {
        "arn": arn,
        "url": SCHEME + found["Url"].removeprefix(SCHEME),
        "client_ids": found["ClientIDList"],
        "thumbprints": found["ThumbprintList"],
        "create_date": found["CreateDate"].isoformat(),
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
    }


def _read_anew(client: Client, arn: str) -> Values | None:
    """The provider after a change. IAM is eventually consistent: one that was just made may not be found at once."""
    for _try in PROPAGATION.tries():
        observed = read(client, arn)
        if observed is not None:
            return observed
    return None
