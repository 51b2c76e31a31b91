# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that several resources share, each a pure function that says what is wrong and what to do."""

from __future__ import annotations

import re

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick

ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
MINOR_VERSION = re.compile(r"1\.[1-9]\d")  # EKS began with 1.10


def name_problems(name: str, longest: int) -> list[str]:
    """EKS names: letters, digits, - and _, beginning with a letter or digit (service model: ClusterName)."""
    if len(name) > longest:
        return [f"name: found {len(name)} characters, wanted at most {longest}; shorten it"]
    if not re.fullmatch(r"[0-9A-Za-z][A-Za-z0-9_-]*", name):
        return [f"name: found {name!r}, wanted letters, digits, '-' and '_', beginning with a letter or digit"]
    return []


def anywhere_name_problems(name: str) -> list[str]:
    """Names of IAM Roles Anywhere (service model: ResourceName)."""
    if re.fullmatch(r"[ a-zA-Z0-9_-]{1,255}", name):
        return []
    return [f"name: found {name!r}, wanted 1 to 255 letters, digits, spaces, '-' and '_'"]


def same_name(listed: Values, identity: Values) -> bool:
    """Whether what is listed has the name that is looked for."""
    return bool(listed["name"] == identity["name"])


def role_arn_problems(desired: Values, *paths: str) -> list[str]:
    """The paths that hold something else than the ARN of an IAM role."""
    found = {path: pick(desired, path) for path in paths}
    return [
        f"{path}: found {arn!r}, wanted the ARN of an IAM role such as arn:aws:iam::123456789012:role/NAME"
        for path, arn in found.items()
        if arn is not None and not ROLE_ARN.fullmatch(arn)
    ]


def version_problems(version: str | None) -> list[str]:
    """Kubernetes versions are 1.NN; YAML reads an unquoted 1.30 as the number 1.3, which no EKS version is."""
    if version is None or MINOR_VERSION.fullmatch(version):
        return []
    hint = f'; unquoted, YAML reads 1.{version[2:]}0 as the number {version}: write version: "{version}0"'
    return [
        f"version: found {version!r}, wanted a Kubernetes minor version such as '1.33'" + hint * (len(version) == 3)
    ]


def minor(version: str) -> int:
    """1.33 -> 33"""
    return int(version.split(".")[1])
