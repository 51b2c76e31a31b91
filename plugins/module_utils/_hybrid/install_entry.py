# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``hybrid_node_install`` to what nodeadm installs on its host, and back. Runs on hosts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.entry import run_as_root
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import kubelet_version, os_release
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import Failed, write
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.alone import exclusively
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.host import (
    NODEADM,
    RECORD,
    has_containerd,
    installation,
    nodeadm_version,
    record,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import (
    PROVIDERS,
    SOURCES,
    SSM,
    TRACKER,
    mended,
    reasons,
    source_for,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.leave_entry import absent
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.nodeadm import fetch, nodeadm
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy_host import adopt
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.release import RELEASES

ARGUMENT_SPEC: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "version": {"type": "str"},
    "region": {"type": "str"},
    "nodeadm_version": {"type": "str"},
    "nodeadm_checksum": {"type": "str", "default": ""},
    "releases": {"type": "str", "default": RELEASES},
    "credential_provider": {"type": "str", "choices": list(PROVIDERS), "default": SSM},
    "containerd_source": {"type": "str", "choices": list(SOURCES)},
    "manifest": {"type": "str"},
    "private_mode": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 1200},
    "attempts": {"type": "int", "default": 2},
    "foreign": {"type": "str", "choices": ["refuse", "remove"], "default": "refuse"},
    "leftovers": {"type": "str", "choices": ["keep", "remove"], "default": "keep"},
    "skip_validation": {"type": "bool", "default": False},
    "deregistered": {"type": "bool", "default": False},
}
SLACK = 60  # seconds that nodeadm may take to end after its own time-out


def run() -> None:
    """main() of the module."""
    run_as_root(
        ARGUMENT_SPEC,
        exclusively(_converge),
        required_if=[
            ("state", "present", ["version", "region", "nodeadm_version"]),
            ("private_mode", True, ["manifest"]),
        ],
    )


def _converge(module: Any) -> dict[str, Any]:
    adopt()
    return present(module) if module.params["state"] == "present" else absent(module)


def present(module: Any) -> dict[str, Any]:
    """nodeadm is there in its version, and has installed all that a node needs, once. Raises Failed."""
    params = module.params
    try:
        why = reasons(installation(), params["credential_provider"])
    except ValueError as problem:
        raise Failed(str(problem)) from None
    fetches = nodeadm_version() != params["nodeadm_version"] or _altered()
    if not module.check_mode:
        if fetches:
            fetch(params["releases"], params["nodeadm_version"], params["nodeadm_checksum"])
            _note(nodeadm_sha256=_digest())
        if why:
            _install(params)
        _mend(params)
    return {
        "changed": fetches or bool(why),
        "installed": bool(why),
        "reasons": why,
        "kubelet_version": kubelet_version(),
    }


def _install(params: dict[str, Any]) -> None:
    """Several attempts; nodeadm itself tries downloads and package managers again until its time is over."""
    if "containerd_before" not in record() and not installation().half_finished:
        _note(containerd_before=has_containerd())
    words = ["install", params["version"], "--credential-provider", PROVIDERS[params["credential_provider"]]]
    words += ["--containerd-source", _source(params), "--region", params["region"]]
    words += ["--timeout", f"{params['timeout']}s"]
    words += ["--manifest-override", params["manifest"]] if params["manifest"] else []
    words += ["--private-mode"] if params["private_mode"] else []
    for attempt in range(1, params["attempts"] + 1):
        try:
            nodeadm(*words, timeout=params["timeout"] + SLACK)
        except Failed as failure:
            if attempt == params["attempts"]:
                raise Failed(f"{failure} (attempt {attempt} of {params['attempts']})") from None
        else:
            break
    if not installation().complete:
        raise Failed(f"nodeadm {' '.join(words)} ended with 0, but there is no {TRACKER}")
    if not kubelet_version():
        raise Failed(f"nodeadm {' '.join(words)} ended with 0, but there is no kubelet that tells its version")


def _mend(params: dict[str, Any]) -> None:
    found = installation()
    text = mended(found, _source(params))
    if text != found.tracker:
        write(Path(TRACKER), text, 0o644)


def _source(params: dict[str, Any]) -> str:
    return str(params["containerd_source"] or source_for(os_release().get("ID", "")))


def _altered() -> bool:
    """Whether the program is not the one that was fetched."""
    noted = record().get("nodeadm_sha256")
    return bool(noted) and noted != _digest()


def _digest() -> str:
    return hashlib.sha256(NODEADM.read_bytes()).hexdigest() if NODEADM.exists() else ""


def _note(**members: Any) -> None:
    write(RECORD, json.dumps({**record(), **members}))
