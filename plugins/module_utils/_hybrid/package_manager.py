# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The line with a proxy in a configuration file of yum or dnf, which others write, too. Pure, and runs on hosts.

https://dnf.readthedocs.io/en/latest/conf_ref.html
"""

from __future__ import annotations

import re

_BEGIN, _END = "# BEGIN flotilla.eks proxy", "# END flotilla.eks proxy"
_BLOCK = re.compile(rf"^{_BEGIN}, mode ([0-7]+)\n.*?^{_END}\n", re.MULTILINE | re.DOTALL)
_MAIN = re.compile(r"^\s*\[main\][^\n]*\n", re.MULTILINE)
_PROXY = re.compile(r"^[ \t]*proxy[ \t]*=.*$", re.MULTILINE)


def with_proxy(text: str, url: str, mode: int) -> str:
    """The text with our block, which remembers the mode that the file had without it."""
    main = _MAIN.search(text)
    at = main.end() if main else 0
    section = "" if main else "[main]\n"
    return f"{text[:at]}{_BEGIN}, mode {mode:o}\n{section}proxy={url}\n{_END}\n{text[at:]}"


def without_proxy(text: str, mode: int) -> tuple[str, int]:
    """The text without our block, and the mode that the file had without it."""
    block = _BLOCK.search(text)
    return (text[: block.start()] + text[block.end() :], int(block.group(1), 8)) if block else (text, mode)


def foreign_proxy(text: str) -> str:
    """The line of others that names a proxy; empty if there is none."""
    found = _PROXY.search(text)
    return found.group(0) if found else ""
