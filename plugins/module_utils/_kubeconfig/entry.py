# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``kubeconfig`` to the file and back: asks AWS, decides the document, replaces the file."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig import file
from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.contents import (
    Body,
    Document,
    KubeconfigError,
    Names,
    cluster_in,
    entries,
    exec_credential,
    merge,
    preview,
    remove,
    stored_token,
    token_credential,
    user_in,
)
from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.text import parse, render
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import described, signer
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import (
    COMING,
    Cluster,
    NoWay,
    cluster_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import read_token, still_serves
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._session import connect
from ansible_collections.flotilla.eks.plugins.module_utils._yaml_text import HAS_YAML, dump

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
    except (Problem, NoWay, KubeconfigError) as problem:
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
        occupant = cluster_in(document, context)
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
    names = Names(context, cluster_in(document, context) or "", user_in(document, context) or "")
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
    token = _token(module, cluster, stored_token(document, user, cluster, role))
    module.no_log_values.add(token)
    return token_credential(token, cluster, role)


def _token(module: Any, cluster: Cluster, stored: str | None) -> str:
    """The stored token while it serves, else a new one; of the role if one is given (in check mode, of the caller)."""
    role = module.params["role_arn"]
    reach = (partial(connect, module), client_for(module, region=cluster.region), cluster.identifier, cluster.region)
    fresh = signer(*reach)()
    if stored and still_serves(stored, fresh, same_signer=not role):
        return stored
    return signer(*reach, role)() if role and not module.check_mode else fresh


def _cluster(module: Any) -> Cluster | None:
    """The cluster, as the user described it or as AWS does. None in check mode, if it is still to be created."""
    name = module.params["cluster_name"]
    given = module.params["cluster"] or {}
    description = given if given.get("endpoint") else _describe(module, name)
    if description is None or (module.check_mode and description.get("status") in COMING):
        return None
    return cluster_of(name, description)


def _describe(module: Any, name: str) -> Values | None:
    """None in check mode, if there is no such cluster. Raises NoWay if there is none otherwise, and Problem."""
    try:
        return described(client_for(module), name)
    except NoWay:
        if module.check_mode:
            return None
        raise
    except AwsError as error:
        raise Problem(f"EKS cluster {name!r}: {error}") from None
