# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Kubernetes user an IAM principal is: by its access entry, or by the ConfigMap aws-auth.

https://docs.aws.amazon.com/eks/latest/userguide/grant-k8s-access.html: access entries come first, the ConfigMap counts
as far as the authentication mode has it. Of names, "{{SessionName}}" and "{{EC2PrivateDNSName}}" are filled in
(creating-access-entries.html, auth-configmap.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml

from ..callers import Identity
from ..kubernetes.control import NODE_USER, NODES, User
from ..kubernetes.objects import Objects
from ..kubernetes.types import CONFIG_MAP
from ..store import AccessEntry, Cluster
from .authorization import MASTERS

_EVERYBODY = "system:authenticated"
_AWS_AUTH = ("kube-system", "aws-auth")
_NODE_GROUPS = ["system:bootstrappers", NODES]
_MORE_GROUPS = {"EC2_WINDOWS": ["eks:kube-proxy-windows"], "FARGATE_LINUX": ["system:node-proxier"]}
PRINCIPAL = "canonicalArn"
"""The member of a user's `extra` that names the IAM principal."""

Names = Callable[[str], str | None]
"""The private DNS name of the instance of an id, if there is such an instance."""


def user_of(cluster: Cluster, objects: Objects, caller: Identity, dns_name: Names) -> User | None:
    """The user that a caller is in a cluster; None if the cluster knows him not."""
    for username, groups in _mappings(cluster, objects, caller):
        name = _filled_in(username, caller, dns_name)
        if name is not None:
            return _user(name, groups, caller)
    return None


def entry_of(cluster: Cluster, user: User) -> AccessEntry | None:
    """The access entry of the principal behind a user, if access entries count."""
    principal = (user.extra.get(PRINCIPAL) or [""])[0]
    return cluster.access_entries.get(principal) if _mode(cluster) != "CONFIG_MAP" else None


def map_role(objects: Objects, role_arn: str, kind: str) -> None:
    """Enter the role of a managed node group (EC2_LINUX, EC2_WINDOWS) or Fargate profile in aws-auth, as EKS does for
    clusters without access entries (auth-configmap.html)."""
    bare = _without_path(role_arn)
    rows = [row for row in _rows(_data(objects).get("mapRoles")) if row.get("rolearn") != bare]
    holder = "{{SessionName}}" if kind == "FARGATE_LINUX" else "{{EC2PrivateDNSName}}"
    row = {"rolearn": bare, "username": f"{NODE_USER}{holder}", "groups": [*_NODE_GROUPS, *_MORE_GROUPS.get(kind, [])]}
    _write(objects, [*rows, row])


def unmap_role(objects: Objects, role_arn: str) -> None:
    """Take the role out again: "If you delete a managed node group ... the role is removed from the aws-auth ConfigMap"
    (delete-managed-node-group.html)."""
    rows = _rows(_data(objects).get("mapRoles"))
    left = [row for row in rows if row.get("rolearn") != _without_path(role_arn)]
    if len(left) < len(rows):
        _write(objects, left)


def _data(objects: Objects) -> dict[str, str]:
    return (objects.find(CONFIG_MAP, *_AWS_AUTH) or {}).get("data") or {}


def _write(objects: Objects, rows: list[Any]) -> None:
    namespace, name = _AWS_AUTH
    data = {**_data(objects), "mapRoles": yaml.safe_dump(rows, sort_keys=False)}
    config = {"metadata": {"namespace": namespace, "name": name}, "data": data}
    if objects.find(CONFIG_MAP, namespace, name):
        objects.change(CONFIG_MAP, config, data=data)
    else:
        objects.create(CONFIG_MAP, config)


def _mappings(cluster: Cluster, objects: Objects, caller: Identity) -> Iterator[tuple[str, list[str]]]:
    """User name and groups, by what counts first."""
    mode = _mode(cluster)
    entry = cluster.access_entries.get(caller.arn)
    if entry and mode != "CONFIG_MAP":
        yield entry.description["username"], entry.description["kubernetesGroups"]
    if mode == "CONFIG_MAP" and caller.arn == cluster.creator:
        # The creator "is automatically granted system:masters permissions", which no ConfigMap shows
        # (auth-configmap.html).
        yield "kubernetes-admin", [MASTERS]
    if mode != "API":
        yield from _mapped(objects, caller)


def _mapped(objects: Objects, caller: Identity) -> Iterator[tuple[str, list[str]]]:
    """The rows of aws-auth about a caller. A row whose text is not what it should be is passed over, as the
    authenticator does. It compares with an ARN without path: "the role ARN can't include a path"."""
    data = _data(objects)
    bare = _without_path(caller.arn).lower()
    for section, member in (("mapRoles", "rolearn"), ("mapUsers", "userarn")):
        for row in _rows(data.get(section)):
            if str(row.get(member)).lower() == bare:
                yield row.get("username") or caller.arn, list(row.get("groups") or ())
    if caller.account in map(str, _rows(data.get("mapAccounts"), str | int)):
        yield caller.arn, []


def _rows(text: Any, kind: Any = dict) -> list[Any]:
    try:
        rows = yaml.safe_load(text or "[]")
    except yaml.YAMLError:
        return []
    return [row for row in rows if isinstance(row, kind)] if isinstance(rows, list) else []


def _without_path(arn: str) -> str:
    head, _unused, path = arn.partition("/")
    return f"{head}/{path.rpartition('/')[2]}"


def _filled_in(username: str, caller: Identity, dns_name: Names) -> str | None:
    """The user name without placeholders; None if there is nothing to put in their place. Sessions' names lose what
    Kubernetes does not take in a name ("@" becomes "-", aws-iam-authenticator's README)."""
    if "{{EC2PrivateDNSName}}" in username:
        host = dns_name(caller.session)
        if host is None:
            return None
        username = username.replace("{{EC2PrivateDNSName}}", host)
    username = username.replace("{{SessionNameRaw}}", caller.session)
    username = username.replace("{{SessionName}}", caller.session.replace("@", "-"))
    return username.replace("{{AccountID}}", caller.account)


def _user(name: str, groups: list[str], caller: Identity) -> User:
    extra = {PRINCIPAL: [caller.arn], "principalId": [caller.unique_id]}
    if caller.session:
        extra["sessionName"] = [caller.session]
    uid = f"aws-iam-authenticator:{caller.account}:{caller.unique_id.partition(':')[0]}"
    return User(name, (*groups, _EVERYBODY), uid, extra)


def _mode(cluster: Cluster) -> str:
    mode: str = cluster.description["accessConfig"]["authenticationMode"]
    return mode
