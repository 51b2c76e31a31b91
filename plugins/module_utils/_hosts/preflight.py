# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A preflight: everything that is wrong with a host before it becomes a node, in one report. Pure, and runs on hosts.

A kind of node has its own list of checks over its own facts; how they are skipped and told is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """What is wrong, with what was found, and what to do about it."""

    text: str
    fix: str


@dataclass(frozen=True)
class Unknown:
    """What a check needs to know, and nobody can tell here; whatever hides it is a finding of another check."""

    needs: str


Checks = Mapping[str, Callable[[Facts], "Problem | Unknown | None"]]
"""Each by its name; nothing to say means that all is well."""


@dataclass(frozen=True)
class Report:
    """Every check by its name, in one of four lists."""

    passed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    findings: dict[str, Problem] = field(default_factory=dict)

    def message(self, who: str) -> str:
        """All that is wrong, a line each, and what was not looked at."""
        number = len(self.findings)
        lines = [f"{who}: {number} of {number + len(self.passed)} checks failed, nothing was changed."]
        lines += [f"- {check}: {problem.text}. {problem.fix}" for check, problem in self.findings.items()]
        lines += [f"- {check}: not checked, as nobody can tell {needs}" for check, needs in self.unknown.items()]
        lines += [f"Skipped: {', '.join(self.skipped)}"] if self.skipped else []
        return "\n".join(lines)


def judged(checks: Checks, facts: Facts, skip: Sequence[str] = ()) -> Report:
    """What the checks say of the facts, in their order, but for those to skip."""
    report = Report()
    for name, check in checks.items():
        verdict = None if name in skip else check(facts)
        if name in skip:
            report.skipped.append(name)
        elif isinstance(verdict, Problem):
            report.findings[name] = verdict
        elif isinstance(verdict, Unknown):
            report.unknown[name] = verdict.needs
        else:
            report.passed.append(name)
    return report


def told(report: Report) -> dict[str, Any]:
    """A report as modules return it."""
    return {
        "passed": report.passed,
        "skipped_checks": report.skipped,  # "skipped" would tell Ansible that the task was
        "unknown": report.unknown,
        "findings": [
            {"check": name, "problem": problem.text, "fix": problem.fix} for name, problem in report.findings.items()
        ],
    }
