# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between options and the API: walks the service model, so that no name is translated by guesswork.

Keys of maps (labels, tags) are data, not names: they pass untouched in both directions.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

# ec2|Ssh|Key, DNS|Name, but Group|ARNs: the plural of an abbreviation is one word
WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s(?:[A-Z]|$))[a-z])")


@cache
def snake(name: str) -> str:
    """The option name of an API member, as amazon.aws and community.aws spell it: ec2SshKey -> ec2_ssh_key."""
    return WORD_BREAK.sub("_", name).lower()


def to_api(shape: Any, value: Any) -> Any:
    """Options -> request, by a botocore input shape. Entries that are None are left out; documents become text."""
    if shape.type_name == "structure":
        members = {member: value.get(snake(member)) for member in shape.members}
        return {member: to_api(shape.members[member], given) for member, given in members.items() if given is not None}
    if shape.type_name == "list" and isinstance(value, dict):
        key, content = sorted(shape.member.members, key=str.lower)  # tags: a map here, there a list of Key and Value
        return [{key: name, content: item} for name, item in value.items()]
    if shape.type_name == "list":
        return [to_api(shape.member, item) for item in value]
    if shape.type_name == "string" and isinstance(value, (dict, list)):
        return json.dumps(value)
    return value


def from_api(shape: Any, value: Any) -> Any:
    """Answer -> results, by a botocore output shape. Times become ISO 8601 text."""
    if shape.type_name == "structure":
        return {
            snake(name): from_api(shape.members[name], item) for name, item in value.items() if name in shape.members
        }
    if shape.type_name == "list":
        return [from_api(shape.member, item) for item in value]
    if shape.type_name == "timestamp":
        return value.isoformat()
    return value
