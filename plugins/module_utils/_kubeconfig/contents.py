# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of an EKS cluster in a kubeconfig: made, merged into a document, taken out again, shown without secrets.

A *document* is a kubeconfig as data (``apiVersion: v1``, ``kind: Config``); it is never changed in place. Its three
sections are lists of named entries: a cluster (where), a user (who), a context (who, where).
https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import Cluster
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import read_token

Document = dict[str, Any]
Body = dict[str, Any]

SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}
EXTENSION = "flotilla.eks"  # the name under which a user entry tells what its token was made for
HIDDEN = "(hidden)"

# Members of an entry that contradict those written here, and so go when these come. All others are the user's.
SUPERSEDED = {
    "clusters": {"certificate-authority", "insecure-skip-tls-verify"},
    "contexts": set(),
    "users": {
        "auth-provider",
        "client-certificate",
        "client-certificate-data",
        "client-key",
        "client-key-data",
        "exec",
        "password",
        "token",
        "tokenFile",
        "username",
    },
}


class KubeconfigError(ValueError):
    """A kubeconfig that cannot be read or may not be changed as asked. The message holds no content of the file."""


@dataclass(frozen=True)
class Names:
    """The names of the three entries that belong together."""

    context: str
    cluster: str
    user: str


def exec_credential(cluster: Cluster, role_arn: str | None = None, profile: str | None = None) -> Body:
    """A user that gets its tokens from the AWS CLI, whenever one is needed.

    v1beta1 is the version that every AWS CLI with ``get-token`` and every Kubernetes client answers to. IfAvailable
    lets a profile ask for its MFA code where there is a terminal; without one the command runs all the same. Members
    that kubectl adds when it rewrites a file are there from the start, so that they are no difference later.
    """
    identity = ["--cluster-id", cluster.outpost_id] if cluster.outpost_id else ["--cluster-name", cluster.name]
    role = ["--role-arn", role_arn] if role_arn else []
    command = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "args": ["eks", "get-token", *identity, "--region", cluster.region, "--output", "json", *role],
        "command": "aws",
        "env": [{"name": "AWS_PROFILE", "value": profile}] if profile else None,
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": False,
    }
    return {"exec": command}


def token_credential(token: str, cluster: Cluster, role_arn: str | None = None) -> Body:
    """A user with a token of EKS that lasts some minutes, and beside it what the token itself does not tell."""
    return {"extensions": [{"extension": _purpose(cluster, role_arn), "name": EXTENSION}], "token": token}


def stored_token(document: Document, user: str, cluster: Cluster, role_arn: str | None = None) -> str | None:
    """The token that a user entry holds, if it was made for this cluster and role."""
    body = _body(document, "users", user)
    purposes = [item["extension"] for item in body.get("extensions") or [] if item.get("name") == EXTENSION]
    token = body.get("token")
    return token if isinstance(token, str) and purposes == [_purpose(cluster, role_arn)] else None


def _purpose(cluster: Cluster, role_arn: str | None) -> Body:
    return {"cluster": cluster.arn, **({"role-arn": role_arn} if role_arn else {})}


def entries(
    cluster: Cluster, names: Names, credential: Body, namespace: str | None = None, proxy_url: str | None = None
) -> dict[str, Body]:
    """The body of each section's entry."""
    return {
        "clusters": {
            "certificate-authority-data": cluster.certificate_authority,
            **({"proxy-url": proxy_url} if proxy_url else {}),
            "server": cluster.endpoint,
        },
        "contexts": {
            "cluster": names.cluster,
            **({"namespace": namespace} if namespace else {}),
            "user": names.user,
        },
        "users": credential,
    }


def merge(document: Document, names: Names, bodies: dict[str, Body], current: bool | None = None) -> Document:
    """The document with the entries in it: changed in their place if they are there, else at the end.

    ``current`` says whether the context becomes the current one: yes, no, or (None) if the document names none.
    """
    merged = document or {"apiVersion": "v1", "kind": "Config"}
    for section, body in bodies.items():
        merged = _with_entry(merged, section, _name(names, section), body)
    if current or (current is None and not merged.get("current-context")):
        merged = {**merged, "current-context": names.context}
    return merged


def remove(document: Document, context: str) -> Document:
    """The document without a context, and without the cluster and the user that no other context names."""
    gone = _body(document, "contexts", context)
    rest = _without(document, "contexts", context)
    for section, kind in (("clusters", "cluster"), ("users", "user")):
        used = {_body(rest, "contexts", entry["name"]).get(kind) for entry in rest.get("contexts") or []}
        if gone.get(kind) not in used:
            rest = _without(rest, section, gone.get(kind))
    if rest.get("current-context") == context:
        rest = {**rest, "current-context": ""}
    return rest


def cluster_in(document: Document, context: str) -> str | None:
    """The name of the cluster entry that a context leads to, None if there is no such context."""
    return _body(document, "contexts", context).get("cluster")


def user_in(document: Document, context: str) -> str | None:
    """The name of the user entry of a context, None if there is no such context."""
    return _body(document, "contexts", context).get("user")


def check(document: Any) -> Document:
    """The document, found to be what a Kubernetes client takes for a kubeconfig; KubeconfigError says what is not."""
    if document is None:
        return {}
    if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
        raise KubeconfigError("is YAML, but not a kubeconfig (kind: Config)")
    for section, kind in SECTIONS.items():
        _check_section(document.get(section) or [], section, kind)
    return document


def _check_section(items: Any, section: str, kind: str) -> None:
    if not isinstance(items, list):
        raise KubeconfigError(f"has a {section!r} that is not a list")
    seen = set()
    for number, entry in enumerate(items, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise KubeconfigError(f"has an entry without a name: number {number} of {section!r}")
        body = entry.get(kind) or {}
        if not isinstance(body, dict) or not isinstance(body.get("extensions") or [], list):
            raise KubeconfigError(f"has an entry whose {kind!r} is of another form: number {number} of {section!r}")
        if entry["name"] in seen:
            raise KubeconfigError(f"has two entries of one name: number {number} of {section!r} is the second")
        seen.add(entry["name"])


def preview(document: Document, names: Names) -> Document:
    """What a document says about these entries, fit for output: every secret is hidden."""
    shown: Document = {}
    for section, kind in SECTIONS.items():
        name = _name(names, section)
        if _entry(document, section, name):
            body = _body(document, section, name)
            shown[section] = [{"name": name, kind: {key: _public(key, value) for key, value in body.items()}}]
    return {**shown, "current-context": document.get("current-context") or ""}


def _public(key: str, value: Any) -> Any:
    """A member of an entry as it may be shown. What is not known to be harmless is hidden."""
    if key in ("server", "cluster", "user", "namespace"):
        return value
    if key in _TELLING:
        return _TELLING[key](value) or HIDDEN
    return HIDDEN


def _public_authority(value: Any) -> str:
    """No secret, but a screenful."""
    return "sha256:" + hashlib.sha256(str(value).encode()).hexdigest()


def _public_token(value: Any) -> str | None:
    signature = read_token(str(value))
    return f"(hidden, valid until {signature.expires.isoformat()})" if signature else None


def _public_proxy(value: Any) -> str:
    """Without the password that an address may hold."""
    scheme, _separator, address = str(value).rpartition("://")
    return f"{scheme}://{address.rpartition('@')[2]}"


def _public_extensions(value: Any) -> Any:
    return [item for item in value or [] if item.get("name") == EXTENSION]


def _public_exec(value: Any) -> Any:
    """The command that this module writes; one of another kind may have secrets among its arguments."""
    if value.get("command") != "aws" or (value.get("args") or [])[:2] != ["eks", "get-token"]:
        return None
    profile = [variable for variable in value.get("env") or [] if variable.get("name") == "AWS_PROFILE"]
    return {**value, "env": profile}


_TELLING = {
    "certificate-authority-data": _public_authority,
    "exec": _public_exec,
    "extensions": _public_extensions,
    "proxy-url": _public_proxy,
    "token": _public_token,
}


def _name(names: Names, section: str) -> str:
    return str(getattr(names, SECTIONS[section]))


def _entry(document: Document, section: str, name: str | None) -> Document:
    return next((entry for entry in document.get(section) or [] if entry["name"] == name), {})


def _body(document: Document, section: str, name: str | None) -> Body:
    return _entry(document, section, name).get(SECTIONS[section]) or {}


def _with_entry(document: Document, section: str, name: str, body: Body) -> Document:
    present = _entry(document, section, name)
    combined = _combined(_body(document, section, name), body, SUPERSEDED[section])
    entry = {**present, **dict(sorted({SECTIONS[section]: combined, "name": name}.items()))}
    others = document.get(section) or []
    if present:
        return {**document, section: [entry if other is present else other for other in others]}
    return {**document, section: [*others, entry]}


def _combined(before: Body, body: Body, superseded: set[str]) -> Body:
    """The new body with what stays of the one before; an extension of ours stays only if the new one brings it."""
    kept = {key: value for key, value in before.items() if key not in superseded | {"extensions"}}
    theirs = [item for item in before.get("extensions") or [] if item.get("name") != EXTENSION]
    extensions = theirs + body.get("extensions", [])
    return {**kept, **body, **({"extensions": extensions} if extensions else {})}


def _without(document: Document, section: str, name: str | None) -> Document:
    if not _entry(document, section, name):
        return document
    return {**document, section: [entry for entry in document[section] if entry["name"] != name]}
