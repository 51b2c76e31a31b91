# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodeadm demands of a host as soon as its environment names a proxy (internal/network/proxy_validator.go)."""

from __future__ import annotations

import os
from pathlib import Path

from .hybrid_artifacts import ssm_unit
from .hybrid_config import BadConfig

_MANAGERS = {
    "ubuntu": (Path("/etc/apt/apt.conf.d/proxy.conf"), 'Acquire::{scheme}::Proxy "{url}"'),
    "rhel": (Path("/etc/yum.conf"), "proxy={url}"),
    "amzn": (Path("/etc/dnf/dnf.conf"), "proxy={url}"),
}
_DROP_IN = "{directory}/{unit}.d/http-proxy.conf"


def validate(system: str, provider: str) -> None:
    """Texts are looked for, nothing more. Raises BadConfig, with the addresses in full (trap: with their passwords)."""
    proxies = {scheme: _effective(f"{scheme}_proxy") for scheme in ("http", "https")}
    _effective("no_proxy")
    if not any(proxies.values()):
        return
    if system not in _MANAGERS:
        raise BadConfig(f"unsupported operating system: {system}")
    path, form = _MANAGERS[system]
    schemes = ("http", "https") if system == "ubuntu" else ("http",)
    for scheme in schemes:
        if proxies[scheme]:
            _require(path, form.format(scheme=scheme, url=proxies[scheme]))
    drop_ins = {"kubelet.service": "/etc/systemd/system", "containerd.service": "/usr/lib/systemd/system"}
    drop_ins |= {ssm_unit(): "/etc/systemd/system"} if provider == "ssm" else {}
    for unit, directory in drop_ins.items():
        for scheme, url in proxies.items():
            _require(Path(_DROP_IN.format(directory=directory, unit=unit)), f"{scheme.upper()}_PROXY={url}")


def _effective(name: str) -> str:
    small, large = os.environ.get(name, ""), os.environ.get(name.upper(), "")
    if small and large and small != large:
        raise BadConfig(f"{name.upper()} and {name} environment variables have different values: {large}, {small}")
    return large or small


def _require(path: Path, text: str) -> None:
    if not path.exists():
        raise BadConfig(f"proxy configuration file not found: {path}; create it with {text}")
    if text not in path.read_text():
        raise BadConfig(f"{path} does not contain {text}")
