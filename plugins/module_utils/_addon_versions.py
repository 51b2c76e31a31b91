# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of an add-on's versions is the latest, and which the default, for a version of Kubernetes. Pure.

Takes add-ons in options' spelling, as DescribeAddonVersions answers them once they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._documents import data_of

NOT_FOR_ALL = re.compile(r"alpha|beta|rc|preview", re.I)  # such a version is not meant by "latest"

Values = dict[str, Any]


def latest(addon: Values, cluster_version: str | None = None) -> str | None:
    """The newest version that runs on a version of Kubernetes, or on any; None if there is none."""
    found = [version["addon_version"] for version, _fit in _running(addon, cluster_version)]
    settled = [version for version in found if not NOT_FOR_ALL.search(version)]
    return max(settled or found, key=_order, default=None)


def default(addon: Values, cluster_version: str) -> str | None:
    """The version that EKS takes if it is told none; None if there is none."""
    running = _running(addon, cluster_version)
    return next((version["addon_version"] for version, fit in running if fit.get("default_version")), None)


def configuration(answer: Values) -> Values:
    """What DescribeAddonConfiguration answers, its schema as data."""
    schema = data_of(answer.get("configuration_schema") or "")
    return {**answer, "configuration_schema": schema}


def _running(addon: Values, cluster_version: str | None) -> Iterator[tuple[Values, Values]]:
    """The versions that run on a version of Kubernetes, each with what says that it does."""
    for version in addon.get("addon_versions") or []:
        fits = version.get("compatibilities") or []
        fit = next((one for one in fits if cluster_version in (None, one.get("cluster_version"))), None)
        if fit is not None:
            yield version, fit


def _order(version: str) -> list[int]:
    """v1.9.3-eksbuild.11 -> [1, 9, 3, 11]"""
    return [int(number) for number in re.findall(r"\d+", version)]
