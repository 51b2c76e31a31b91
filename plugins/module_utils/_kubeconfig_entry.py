# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``kubeconfig`` to the file and back: asks AWS, decides the document, replaces the file."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

with suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError

from ansible_collections.flotilla.eks.plugins.module_utils import _kubeconfig_file as file
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig import (
    Body,
    Cluster,
    Document,
    KubeconfigError,
    Names,
    cluster_of,
    entries,
    exec_credential,
    merge,
    preview,
    remove,
    stored_token,
    token_credential,
    user_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig_text import HAS_YAML, dump, parse, render
from ansible_collections.flotilla.eks.plugins.module_utils._token import make_token, read_token, still_serves

ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True, "aliases": ["name"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "path": {"type": "path", "aliases": ["dest"]},
    "context": {"type": "str", "aliases": ["alias"]},
    "user": {"type": "str"},
    "namespace": {"type": "str"},
    "proxy_url": {"type": "str", "no_log": True},  # may hold a password
    "cluster": {"type": "dict"},
    "auth": {"type": "str", "choices": ["exec", "token"], "default": "exec"},
    "role_arn": {"type": "str"},
    "exec_profile": {"type": "str"},
    "set_current_context": {"type": "bool"},
    "force": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
}

REACHABLE = ("ACTIVE", "UPDATING")  # an update does not interrupt the endpoint
ADVICE = {
    "CREATING": "wait until it is ACTIVE, as flotilla.eks.cluster does with wait: true",
    "PENDING": "wait until it is ACTIVE",
    "DELETING": "give state: absent to take its entries out",
    "FAILED": "see its health issues, delete it and create it again",
}


class Problem(Exception):
    """What the user is told when nothing can be done; the message names the cluster or the file."""


def run() -> None:
    """main() of the module."""
    os.umask(file.OTHERS)  # whatever this process creates is for its owner alone, from the first moment
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if not HAS_YAML:
        module.fail_json(msg=missing_required_lib("PyYAML"))
    path = file.locate(module.params["path"], os.environ)
    try:
        result = _present(module, path) if module.params["state"] == "present" else _absent(module, path)
    except (Problem, KubeconfigError) as problem:
        result = {"failed": str(problem)}
    if "failed" in result:  # outside of the handler: no traceback of it, which may quote the file, goes along
        module.fail_json(msg=result["failed"])
    module.exit_json(**result)


def _present(module: Any, path: str) -> dict[str, Any]:
    params = module.params
    context = params["context"] or params["cluster_name"]
    cluster = _cluster(module)
    if cluster is None:
        return _foreseen(module, path, context)
    names = Names(context, cluster.arn, params["user"] or f"{context}@{cluster.arn}")
    credential = _credential(module, cluster, names.user, _read(path)[1])
    bodies = entries(cluster, names, credential, params["namespace"], params["proxy_url"])

    def change(document: Document) -> Document:
        occupant = cluster_of(document, context)
        if occupant not in (None, cluster.arn) and not params["force"]:
            raise Problem(
                f"the context {context!r} in {path} leads to another cluster ({occupant}) than {cluster.arn}: "
                "give another context, or force: true to take the name over"
            )
        return merge(document, names, bodies, params["set_current_context"])

    result = _rewrite(module, path, names, change)
    signature = read_token(credential.get("token", ""))
    return {
        **result,
        "cluster": cluster.arn,
        "user": names.user,
        "endpoint": cluster.endpoint,
        **({"expires": signature.expires.isoformat()} if signature else {}),
    }


def _absent(module: Any, path: str) -> dict[str, Any]:
    context = module.params["context"] or module.params["cluster_name"]
    if not os.path.exists(path):
        return {"changed": False, "path": path, "context": context}
    document = _read(path)[1]
    names = Names(context, cluster_of(document, context) or "", user_of(document, context) or "")
    return _rewrite(module, path, names, lambda document: remove(document, context))


def _rewrite(module: Any, path: str, names: Names, change: Callable[[Document], Document]) -> dict[str, Any]:
    """Has the file say what ``change`` makes of its document, and the result that tells of it."""
    with nullcontext() if module.check_mode else file.locked(path, module.warn):
        text, before = _read(path)
        after = change(before)
        lax = file.lax_mode(path) if module.params["state"] == "present" or after != before else None
        result = {
            "changed": after != before or lax is not None,
            "path": path,
            "context": names.context,
            "current_context": after.get("current-context") or "",
        }
        if module._diff:
            result["diff"] = _diff(path, _shown(before, names, lax), _shown(after, names, lax and file.MODE))
        if after != before:
            result.update(_write(module, path, *render(text, after)))
        elif lax is not None and not module.check_mode:
            file.narrow(path)
    return result


def _write(module: Any, path: str, text: str, layout_kept: bool) -> dict[str, Any]:
    if not layout_kept:
        module.warn(f"the layout of {path} is too unusual to be edited: it is written anew, without its comments")
    copy = None if module.check_mode else file.write(module, path, text, module.params["backup"])
    return {"backup_file": copy} if copy else {}


def _read(path: str) -> tuple[str, Document]:
    try:
        text = file.read(path)
        return text, parse(text)
    except KubeconfigError as error:
        raise Problem(f"{path} {error}. It was left as it is: repair it, or give another path") from None


def _shown(document: Document, names: Names, mode: int | None) -> Document:
    return {**({"mode": f"{mode:04o}"} if mode else {}), **preview(document, names)}


def _diff(path: str, before: Document, after: Document) -> dict[str, str]:
    return {"before": dump(before), "after": dump(after), "before_header": path, "after_header": path}


def _foreseen(module: Any, path: str, context: str) -> dict[str, Any]:
    """In check mode: what would be said of a cluster that a task before this one would have created."""
    text = f"the entries of EKS cluster {module.params['cluster_name']!r}, once it is ACTIVE"
    result: dict[str, Any] = {"changed": True, "path": path, "context": context}
    if module._diff:
        result["diff"] = _diff(path, {}, {context: text})
    return result


def _credential(module: Any, cluster: Cluster, user: str, document: Document) -> Body:
    role = module.params["role_arn"]
    if module.params["auth"] == "exec":
        profile = module.params["exec_profile"]
        return exec_credential(cluster, role, module.params["profile"] if profile is None else profile)
    try:
        token = _token(module, cluster, stored_token(document, user, cluster, role))
    except BotoCoreError as error:
        raise Problem(f"EKS cluster {cluster.name!r}: no token could be signed: {error}") from None
    module.no_log_values.add(token)
    return token_credential(token, cluster, role)


def _token(module: Any, cluster: Cluster, stored: str | None) -> str:
    """The stored token while it serves, else a new one; of the role if one is given (in check mode, of the caller)."""
    role = module.params["role_arn"]
    identifier = cluster.outpost_id or cluster.name
    fresh = make_token(module.client("sts", region=cluster.region), identifier)
    if stored and still_serves(stored, fresh, same_signer=not role):
        return stored
    if not role or module.check_mode:
        return fresh
    return make_token(module.client("sts", region=cluster.region, **_role_keys(module, cluster, role)), identifier)


def _role_keys(module: Any, cluster: Cluster, role: str) -> dict[str, str]:
    try:
        answer = client_for(module, region=cluster.region).read(
            "sts", "AssumeRole", RoleArn=role, RoleSessionName=f"kubeconfig-{cluster.name}"[:64]
        )
    except AwsError as error:
        raise Problem(f"EKS cluster {cluster.name!r}: role_arn {role} cannot be assumed: {error}") from None
    keys = answer["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def _cluster(module: Any) -> Cluster | None:
    """The cluster, as the user described it or as AWS does. None in check mode, if it is still to be created."""
    name = module.params["cluster_name"]
    given = module.params["cluster"] or {}
    description = given if given.get("endpoint") else _describe(module, name)
    if description is None:
        return None
    status = description.get("status") or "ACTIVE"
    if module.check_mode and status in ("CREATING", "PENDING"):
        return None
    if status not in REACHABLE:
        advice = ADVICE.get(status, "see its health issues")
        raise Problem(f"EKS cluster {name!r} is {status}, so no kubeconfig can lead to it: {advice}")
    try:
        authority = description["certificate_authority"]["data"]
        outpost_id = description["id"] if description.get("outpost_config") else ""
        return Cluster(name, description["arn"], description["endpoint"], authority, outpost_id)
    except (KeyError, TypeError):
        raise Problem(
            f"EKS cluster {name!r}: cluster needs arn, endpoint and certificate_authority.data (and id on Outposts), "
            "as flotilla.eks.cluster returns them; leave it out to have the cluster described"
        ) from None


def _describe(module: Any, name: str) -> dict[str, Any] | None:
    try:
        description: dict[str, Any] = client_for(module).call("DescribeCluster", name=name)["cluster"]
        return description
    except AwsError as error:
        if not error.not_found:
            raise Problem(f"EKS cluster {name!r}: {error}") from None
    if module.check_mode:
        return None
    raise Problem(
        f"EKS cluster {name!r} does not exist in region {module.region}: check cluster_name, region and the account of "
        "the credentials, or create it with flotilla.eks.cluster"
    )
