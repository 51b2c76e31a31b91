# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the properties, and fixtures of the tests that call AWS by script.

``pytest --hypothesis-profile=search`` looks for counterexamples longer, and elsewhere each time.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

from support.scripted import Clock

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", UNHURRIED, max_examples=20, derandomize=True, database=None)
settings.register_profile("search", UNHURRIED, max_examples=500)
settings.load_profile("steady")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Clock:
    """The clock of the engine and of botocore's retries, in an environment that says nothing of AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    clock = Clock()
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=clock.sleep_unseen))
    return clock
