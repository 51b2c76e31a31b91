# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data of Canonical's Ubuntu for EKS: a cloud-config that runs the AMI's own bootstrap script. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._documents import as_yaml
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_al2023 import script
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import Node

_DIRECTORY = "/etc/eks/user-data"
_KUBELET = f"{_DIRECTORY}/kubelet.json"
_MERGING = f"""\
config=/etc/kubernetes/kubelet/kubelet-config.json
jq --slurp '.[0] * .[1]' "$config" {_KUBELET} > "$config.new"
mv "$config.new" "$config"
snap restart kubelet-eks
"""


def ubuntu(node: Node, before: Sequence[Any], after: Sequence[Any]) -> str:
    """Scripts that are given before, the bootstrap, and scripts that are given after. Raises UserDataError."""
    scripts = {
        **_scripts("before", before),
        "bootstrap": _bootstrap(node),
        **_scripts("after", after),
    }
    files = [_file(f"{_DIRECTORY}/{name}", content, "0700") for name, content in scripts.items()]
    if node.kubelet:
        files.append(_file(_KUBELET, json.dumps(node.kubelet), "0600"))
    commands = [[f"{_DIRECTORY}/{name}"] for name in scripts]
    return "#cloud-config\n" + as_yaml({"write_files": files, "runcmd": commands})


def _scripts(where: str, given: Sequence[Any]) -> dict[str, str]:
    return {f"{where}-{number}": script(f"{where}[{number}]", one) for number, one in enumerate(given)}


def _file(path: str, content: str, permissions: str) -> dict[str, str]:
    return {"path": path, "content": content, "permissions": permissions}


def _bootstrap(node: Node) -> str:
    cluster = node.cluster
    flags = " ".join(node.all_flags)
    words = ["/etc/eks/bootstrap.sh", cluster.name, "--apiserver-endpoint", cluster.endpoint]
    words += ["--b64-cluster-ca", cluster.certificate_authority, "--dns-cluster-ip", node.only_dns("Ubuntu")]
    words += ["--ip-family", "ipv6", "--service-ipv6-cidr", cluster.service_cidr] if cluster.is_ipv6 else []
    words += ["--kubelet-extra-args", flags] if flags else []
    return "#!/bin/sh\nset -eu\n" + shlex.join(words) + "\n" + (_MERGING if node.kubelet else "")
