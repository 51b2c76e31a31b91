# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From where which endpoint is reached."""

from __future__ import annotations

from typing import Any

import pytest

from eks_simulator.control_plane.vantage import WITHIN, checked, reaches

OPEN, OFFICE = ["0.0.0.0/0"], ["203.0.113.0/24"]


def config(public: bool, private: bool, cidrs: list[str]) -> dict[str, Any]:
    return {"endpointPublicAccess": public, "endpointPrivateAccess": private, "publicAccessCidrs": cidrs}


@pytest.mark.parametrize(
    ("vantage", "found", "expected"),
    [
        (WITHIN, config(False, True, OPEN), True),
        (WITHIN, config(True, True, OFFICE), True),
        (WITHIN, config(True, False, OPEN), True),
        (WITHIN, config(True, False, OFFICE), False),
        ("203.0.113.7", config(True, False, OFFICE), True),
        ("198.51.100.7", config(True, False, OFFICE), False),
        ("198.51.100.7", config(True, True, OPEN), True),
        ("203.0.113.7", config(False, True, OPEN), False),
    ],
)
def test_access_is_private_from_within_and_public_by_address(
    vantage: str, found: dict[str, Any], expected: bool
) -> None:
    assert reaches(vantage, found, []) is expected


def test_from_within_a_public_endpoint_is_reached_with_the_address_of_a_nat_gateway() -> None:
    assert reaches(WITHIN, config(True, False, OFFICE), ["198.51.100.7", "203.0.113.9"])
    assert not reaches(WITHIN, config(True, False, OFFICE), ["198.51.100.7"])


def test_a_vantage_is_the_vpc_or_an_address() -> None:
    assert [checked(text) for text in ("vpc", "203.0.113.7", "2001:db8::7")] == ["vpc", "203.0.113.7", "2001:db8::7"]
    with pytest.raises(ValueError, match="office"):
        checked("office")
