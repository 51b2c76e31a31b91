# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest plugin: ends a run with one line per test file, its outcomes and time, whatever the number of workers."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table from the reports that pytest collected."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, float] = defaultdict(float)
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.stats.get(outcome, []):
            outcomes[report.nodeid.partition("::")[0]][outcome] += 1
    for reports in terminalreporter.stats.values():
        for report in reports:
            # The time of a subtest is its test's, too.
            if isinstance(report, pytest.TestReport) and not isinstance(report, pytest.SubtestReport):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    if not outcomes:
        return
    terminalreporter.section("results per file")
    width = max(map(len, outcomes))
    for file, counts in sorted(outcomes.items()):
        summary = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        terminalreporter.write_line(f"{file:{width}}  {seconds[file]:7.1f} s  {summary}")
