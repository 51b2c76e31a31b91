# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launch templates and their versions in moto's state. A number is never given twice, and versions may be missing.

`add` and `numbered` take the place of moto's own methods, which take the position of a version for its number.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..aws import Neighbours


def create(aws: Neighbours, name: str, data: dict[str, Any], tags: dict[str, str], now: datetime) -> Any:
    """A new launch template, whose first version is the default one."""
    template = aws.ec2.create_launch_template(name, "", data, {"launch-template": tags})
    template.create_time = template.versions[0].create_time = now
    template.created_by = template.versions[0].created_by = f"arn:aws:iam::{aws.region.account}:root"
    return template


def extend(template: Any, data: dict[str, Any], description: str, now: datetime, author: str = "") -> Any:
    """A new version of a template."""
    version = template.create_version(data, description)
    version.create_time, version.created_by = now, author or template.created_by
    return version


def find(template: Any, asked: str) -> Any | None:
    """The version of that number, or $Latest, or $Default; None if there is none."""
    symbols = {"$Latest": template.versions[-1].number, "$Default": template.default_version_number}
    number = str(symbols.get(asked, asked))
    return next((one for one in template.versions if str(one.number) == number), None)


def add(template: Any, data: dict[str, Any], description: str) -> Any:
    from moto.ec2.models.launch_templates import LaunchTemplateVersion

    template.issued = getattr(template, "issued", 0) + 1
    version = LaunchTemplateVersion(template, template.issued, data, description)
    template.versions.append(version)
    return version


def numbered(template: Any, asked: Any) -> Any:
    from moto.ec2.exceptions import InvalidLaunchTemplateVersionNotFound

    version = find(template, str(asked))
    if version is None:
        raise InvalidLaunchTemplateVersionNotFound(template_id=template.id, version=asked)
    return version


def default(template: Any) -> Any:
    return numbered(template, "$Default")
