# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clients of a module share, and what is theirs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from ansible_collections.flotilla.eks.plugins.module_utils._session import connect, session_of

KEYS = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "secret", "SessionToken": "token"}
GIVE_KEYS = f"""\
import sys
with open(sys.argv[1], "a") as file:
    file.write("asked\\n")
print({json.dumps(KEYS)!r})
"""


class Module:
    """As much of an AnsibleAWSModule as its clients ask for."""

    def __init__(self, **params: Any) -> None:
        self.params = {"region": "eu-central-1", "validate_certs": True, **params}

    def client(self, service: str, **options: Any) -> str:
        return f"what amazon.aws says of {service} in {options['region']}"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A profile ``vault`` whose keys a program gives; what is returned gets a line each time."""
    program, told = tmp_path / "give-keys.py", tmp_path / "asked"
    program.write_text(GIVE_KEYS, encoding="utf-8")
    config = tmp_path / "config"
    config.write_text(f"[profile vault]\ncredential_process = {sys.executable} {program} {told}\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    session_of.cache_clear()
    yield told
    session_of.cache_clear()


def test_all_clients_have_the_keys_of_a_profile_which_are_asked_for_once(asked: Path) -> None:
    module = Module(profile="vault")
    for service in ("eks", "sts"):
        client = connect(module, service)
        assert "AKIA" in client.generate_presigned_url({"eks": "list_clusters", "sts": "get_caller_identity"}[service])
    assert asked.read_text(encoding="utf-8") == "asked\n"


def test_options_count(asked: Path) -> None:
    options = {"access_key": "MINE", "secret_key": "secret", "endpoint_url": "https://eks.test"}
    module = Module(**options, aws_config={"read_timeout": 7})
    client = connect(module, "eks", Config(read_timeout=5, connect_timeout=3), region="us-east-1")
    assert (client.meta.region_name, client.meta.endpoint_url) == ("us-east-1", "https://eks.test")
    assert "MINE" in client.generate_presigned_url("list_clusters")
    config = client.meta.config
    assert (config.read_timeout, config.connect_timeout) == (7, 3)
    assert "flotilla.eks" in config.user_agent
    assert not asked.exists()


def test_what_is_wrong_is_told_by_amazon_aws(asked: Path) -> None:
    told = "what amazon.aws says of eks in us-east-1"
    assert connect(Module(profile="missing"), "eks", region="us-east-1") == told
