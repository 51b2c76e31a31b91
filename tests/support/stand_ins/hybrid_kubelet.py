# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nodeadm for machines on premises configures a kubelet (internal/kubelet)."""

from __future__ import annotations

import json
from base64 import b64decode
from ipaddress import ip_network
from typing import Any

from .hybrid_artifacts import put
from .hybrid_config import provider_of
from .nodeadm import KUBECONFIG
from .premises import REGISTRATION


def configure(spec: dict[str, Any], address: str) -> None:
    """Write all that the kubelet starts by."""
    cluster, kubelet = spec["cluster"], spec.get("kubelet", {})
    name, provider = name_of(spec), provider_of(spec)
    own = f"eks.amazonaws.com/compute-type=hybrid,eks.amazonaws.com/hybrid-credential-provider={provider}"
    flags = {
        "node-ip": address,
        "cloud-provider": "",
        "hostname-override": name,
        "config": "/etc/kubernetes/kubelet/config.json",
        "kubeconfig": "/var/lib/kubelet/kubeconfig",
        "node-labels": own,
    }
    config = {
        "clusterDNS": [str(ip_network(cluster["cidr"])[10])],
        "providerID": f"eks-hybrid:///{cluster['region']}/{cluster['name']}/{name}",
    }
    if kubelet.get("config"):
        flags["config-dir"] = "/etc/kubernetes/kubelet/config.json.d"
        put(f"{flags['config-dir']}/00-nodeadm.conf", json.dumps(kubelet["config"]))
    put(flags["config"], json.dumps(config))
    endpoint = {"endpoint": cluster["apiServerEndpoint"], "name": cluster["name"], "region": cluster["region"]}
    put(flags["kubeconfig"], KUBECONFIG.format(**endpoint))
    put("/etc/kubernetes/pki/ca.crt", b64decode(cluster["certificateAuthority"]).decode())
    arguments = [*(f"--{flag}={value}" for flag, value in flags.items()), *kubelet.get("flags", [])]
    put("/etc/eks/kubelet/environment", f"NODEADM_KUBELET_ARGS={' '.join(arguments)}\n")


def name_of(spec: dict[str, Any]) -> str:
    """What the Node will be called."""
    if provider_of(spec) == "ssm":
        return str(json.loads(REGISTRATION.read_text())["ManagedInstanceID"])
    return str(spec["hybrid"]["iamRolesAnywhere"]["nodeName"])
