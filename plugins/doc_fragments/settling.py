# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a module waits for EKS, and for what."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - With V(true), the task ends when EKS has carried out what was asked of it, and fails if that ended badly.
      - With V(false), the task ends when EKS has accepted the last change. Of several changes, all but the last are
        awaited all the same, as EKS makes one at a time.
    type: bool
    default: true
  wait_timeout:
    description:
      - The longest time that one wait may take, in seconds. A task that makes several changes waits once for each.
      - When it is over, the task fails with the last state seen. What EKS has begun goes on, and running the task
        again waits for the rest of it.
    type: int
  wait_delay:
    description:
      - The longest pause between two looks at the state, in seconds.
      - The first looks follow each other faster, half a second apart and then more and more slowly.
    type: int
    default: 15
notes:
  - EKS makes one change of a resource at a time. What differs is put into as many updates as the API needs, which are
    sent one after the other, each followed by its update id. If somebody else's change is under way, its end is
    awaited first.
  - A resource that is in a failure state, such as V(CREATE_FAILED) or V(DEGRADED), fails the task without further
    waiting, with the reasons that EKS gives. With O(wait=false) nobody looks.
  - A task that was interrupted can be run again. It finds what it began, waits for it and does the rest.
"""
