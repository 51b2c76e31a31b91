# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the clients of a module are made of: one session of botocore for each process.

amazon.aws makes a session for each client. By one session, all of them have the same credentials, so that a role is
assumed, or a program asked for keys, once; they are in memory only, and botocore renews them before they expire.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

try:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session
except ImportError:
    pass  # AnsibleAWSModule reports it

from ansible.module_utils.ansible_release import __version__
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

_MAKING = Lock()  # a session makes one client at a time


@cache
def session_of(profile: str | None) -> Any:
    """The session of this process with a profile of the user's AWS configuration, or without one."""
    return Session(profile=profile or None)


def connect(module: Any, service: str, config: Any = None, **connection: Any) -> Any:
    """A botocore client by the options of an AnsibleAWSModule.

    ``connection`` overrides them: ``region``, ``aws_access_key_id`` ... What is wrong with them fails the module.
    """
    region, endpoint, options = get_aws_connection_info(module)
    settings = [Config(user_agent_extra=f"Ansible/{__version__} flotilla.eks"), config, options.pop("aws_config", None)]
    profile = options.pop("profile_name", None)
    keywords = {"region_name": connection.get("region", region), "endpoint_url": endpoint, **options, **connection}
    keywords.pop("region", None)
    try:
        with _MAKING:
            return session_of(profile).create_client(service, **keywords, config=merged(settings))
    except (BotoCoreError, ValueError):
        return module.client(service, config=config, **connection)  # says what is wrong as modules of amazon.aws do


def merged(configs: list[Any]) -> Any:
    """Settings of botocore, of which later ones count more; None stands for none."""
    whole = Config()
    for one in filter(None, configs):
        whole = whole.merge(one)
    return whole
