# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs on a machine on premises know: where AWS is, and the credentials that the agent keeps for them.

The data: ``aws``, the URL of the simulated AWS, ``manifest``, that of the list of releases, and ``bucket``, that of the
region's bucket with the agent of Systems Manager.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from configparser import ConfigParser
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

DATA = Path("/etc/stand-ins/premises.json")
CREDENTIALS = Path("/root/.aws/credentials")
CONFIG = Path("/etc/aws/hybrid/config")
REGISTRATION = Path("/var/lib/amazon/ssm/registration")


def data(member: str) -> str:
    """One of the data."""
    return str(json.loads(DATA.read_text())[member])


def keys() -> dict[str, str]:
    """The credentials of the default profile, or of the program that gives them. Raises KeyError if there are none."""
    if CONFIG.exists():
        return _from_program()
    parser = ConfigParser()
    parser.read(CREDENTIALS)
    found = parser["default"]
    return {
        "AccessKeyId": found["aws_access_key_id"],
        "SecretAccessKey": found["aws_secret_access_key"],
        "Token": found["aws_session_token"],
    }


@cache
def _from_program() -> dict[str, str]:
    """https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html"""
    parser = ConfigParser()
    parser.read(CONFIG)
    command = shlex.split(parser["default"]["credential_process"])
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    names = {"AccessKeyId": "AccessKeyId", "SecretAccessKey": "SecretAccessKey", "Token": "SessionToken"}
    return {name: told[member] for name, member in names.items()}


def labels() -> dict[str, str]:
    """Those of a cloud, which there is none of."""
    return {}


def ask(page: str, body: dict[str, Any]) -> dict[str, Any]:
    """What hosts ask of AWS by protocols of its own: a page of the simulator. Raises OSError."""
    request = Request(f"{data('aws')}/_simulator/{page}", json.dumps(body).encode(), method="POST")
    with urlopen(request, timeout=30) as answer:
        return dict(json.loads(answer.read()))
