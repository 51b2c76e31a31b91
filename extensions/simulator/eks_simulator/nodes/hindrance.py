# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps an instance from joining its cluster."""

from __future__ import annotations

NODEADM = "nodeadm"
"""The program that asks for credentials and for the instance before there is a kubelet."""


class Hindrance(Exception):
    """Why a Node does not appear: `program` says so on the console of its instance, in its own words. What is `final`
    stays so until the instance boots again; else the program tries on. `why` is what the program does not know."""

    def __init__(self, program: str, message: str, final: bool = False, why: str = "") -> None:
        super().__init__(f"{program}: {message}" if program else message)
        self.program, self.message, self.final, self.why = program, message, final, why


def unregistered(problem: str, node: str = "", endpoint: str = "", why: str = "") -> Hindrance:
    """A kubelet could not register its Node, or not even speak to the endpoint."""
    if endpoint:
        problem = f'Post \\"{endpoint}/api/v1/nodes\\": {problem}'
    about = f' node="{node}"' if node else ""
    return Hindrance("kubelet", f'"Unable to register node with API server" err="{problem}"{about}', why=why)
