# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The moving picture of the demo shows what was written, in order, and ends with its end."""

from __future__ import annotations

import json
import re
from itertools import accumulate, pairwise
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from extensions.demo import recording

SVG = "{http://www.w3.org/2000/svg}"
STEPS = st.lists(st.tuples(st.floats(0, 600), st.integers(0, 40)), min_size=1, max_size=60)


def test_what_was_written_is_shown_where_it_was(tmp_path: Path) -> None:
    cast = tmp_path / "demo.cast"
    written = [
        [0.5, "o", "TASK [<Plan> & apply]\r\n\x1b[0;33mchang"],
        [0.7, "o", "ed: [demo]\x1b[0m\r\n\r\n  done\r\n"],
    ]
    cast.write_text("\n".join(map(json.dumps, [{"version": 2}, *written])))
    sheet = recording.sheet(recording.events(cast))
    assert sheet.lines == [
        [(0, "TASK [<Plan> & apply]", "default")],
        [(0, "changed: [demo]", "brown")],
        [],
        [(0, "  done", "default")],
    ]
    assert sheet.moments == [(0.5, 1), (0.7, 4)]
    drawn = ElementTree.fromstring(recording.picture(sheet))
    lines = [text for text in drawn.iter(f"{SVG}text") if text.get("x") is None]
    assert ["".join(line.itertext()) for line in lines] == ["TASK [<Plan> & apply]", "changed: [demo]", "  done"]
    assert [int(line.get("y", "")) for line in lines] == [12, 28, 60]


def test_lines_that_are_full_scroll_up() -> None:
    rows = recording.ROWS + 5
    sheet = recording.sheet([(number / 10, f"line {number}\r\n") for number in range(rows)])
    assert [line[0][1] for line in sheet.lines] == [f"line {number}" for number in range(rows)]
    moved = re.findall(r"translateY\((-?\d+)px\)", recording.picture(sheet))
    assert int(moved[0]) == -5 * recording.HEIGHT


@given(STEPS)
def test_the_picture_takes_its_time_and_leaves_nothing_out(steps: list[tuple[float, int]]) -> None:
    times = accumulate(step for step, _lines in steps)
    lines = list(accumulate(number for _seconds, number in steps))
    shown = recording.hasten(list(zip(times, lines, strict=True)))
    assert shown[-1][1] == lines[-1]
    assert shown[-1][0] <= recording.SHOWN + 1 / recording.TICKS
    assert all(before < after and less <= more for (before, less), (after, more) in pairwise(shown))
