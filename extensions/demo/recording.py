# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the moving picture of the README from a real run of the demo, which it shows in half a minute.

    python extensions/demo/recording.py build/demo.cast docs/pictures/demo.svg

The run is recorded as an asciicast (version 2) first, which asciinema plays in real time. A terminal that is only ever
written to at its end only scrolls, so the picture is one long sheet of lines that moves up behind a window.
"""

from __future__ import annotations

import json
import os
import pty
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

COLUMNS, ROWS = 124, 30
SHOWN, HELD = 27.0, 5.0
"""Seconds that the run takes in the picture, and that its end stays."""
LONGEST_PAUSE = 2.0
"""Seconds of the run; what is longer is cut, as nothing happens in it that one can see."""
TICKS = 8
"""How often the sheet may move in a second of the picture."""

WIDTH, HEIGHT, SIZE, MARGIN, TOP = 7.23, 16, 12, 12, 34
COLOURS = {"green": "#7ec699", "brown": "#e6c07b", "red": "#f47c7c", "cyan": "#6fc3df", "blue": "#7aa2f7"}
PLAIN, GROUND, FRAME = "#d0d5dd", "#16181d", "#2a2e37"
DEMO = Path(__file__).with_name("demo.py")

Event = tuple[float, str]
Span = tuple[int, str, str]


@dataclass(frozen=True)
class Sheet:
    """All that was written: ``lines`` of spans (column, text, colour), and how many there were at what second."""

    lines: Sequence[Sequence[Span]]
    moments: Sequence[tuple[float, int]]


def record(path: Path) -> int:
    """Run the demo in a terminal of its own, and keep when it wrote what; returns its exit status."""
    began = time.monotonic()
    os.environ.update(COLUMNS=str(COLUMNS), LINES=str(ROWS), TERM="xterm-256color")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as cast:
        header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "make demo"}
        cast.write(json.dumps(header) + "\n")

        def read(terminal: int) -> bytes:
            data = os.read(terminal, 1 << 16)
            cast.write(json.dumps([round(time.monotonic() - began, 3), "o", data.decode(errors="replace")]) + "\n")
            return data

        return os.waitstatus_to_exitcode(pty.spawn([sys.executable, str(DEMO)], read))


def events(path: Path) -> list[Event]:
    """What an asciicast holds, but for its header."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [(float(moment), data) for moment, kind, data in map(json.loads, lines) if kind == "o"]


def sheet(written: Iterable[Event]) -> Sheet:
    """What a terminal makes of it."""
    import pyte

    screen = pyte.HistoryScreen(COLUMNS, ROWS, history=1 << 20)
    stream = pyte.Stream(screen)
    moments = []
    for moment, data in written:
        stream.feed(data)
        moments.append((moment, len(screen.history.top) + screen.cursor.y))
    rows = [*screen.history.top, *(screen.buffer[y] for y in range(screen.cursor.y))]
    return Sheet([_spans([row[x] for x in range(COLUMNS)]) for row in rows], moments)


def _spans(cells: Sequence[Any]) -> list[Span]:
    """Neighbours of one colour together; cells are pyte's."""
    found = []
    for colour, group in groupby(enumerate(cells), key=lambda cell: cell[1].fg):
        run = list(group)
        text = "".join(cell.data for _column, cell in run)
        if text.strip():
            found.append((run[0][0], text.rstrip(), colour))
    return found


def hasten(moments: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """The same in SHOWN seconds, without pauses that are longer than LONGEST_PAUSE; one entry a tick at most."""
    at, cut = 0.0, []
    for (before, _lines), (moment, lines) in pairwise([(0.0, 0), *moments]):
        at += min(moment - before, LONGEST_PAUSE)
        cut.append((at, lines))
    scale = SHOWN / max(at, SHOWN)
    ticks = {round(moment * scale * TICKS): lines for moment, lines in cut}
    return [(tick / TICKS, lines) for tick, lines in ticks.items()]


def picture(paper: Sheet) -> str:
    """The sheet behind its window, as SVG that moves by itself; where motion is not wanted, it shows the end."""
    shown = hasten(paper.moments)
    whole = shown[-1][0] + HELD
    seconds = paper.moments[-1][0]
    frames = [f"{moment / whole:.3%}{{transform:translateY({_up(lines)}px)}}" for moment, lines in shown]
    letters = f"{SIZE}px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"
    wide, high = round(COLUMNS * WIDTH + 2 * MARGIN), TOP + ROWS * HEIGHT + MARGIN
    title = f"make demo: a real run of {seconds:.0f} s, in {shown[-1][0]:.0f} s"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" role="img">',
            f"<title>{title}</title>",
            "<style>",
            f"text{{font:{letters};fill:{PLAIN};white-space:pre}}",
            *(f".{name}{{fill:{value}}}" for name, value in COLOURS.items()),
            f".sheet{{transform:translateY({_up(len(paper.lines))}px);animation:run {whole:.2f}s step-end infinite}}",
            f"@keyframes run{{{''.join(frames)}}}",
            "@media (prefers-reduced-motion:reduce){.sheet{animation:none}}",
            "</style>",
            f'<rect width="{wide}" height="{high}" rx="8" fill="{GROUND}"/>',
            f'<path d="M0 8a8 8 0 0 1 8-8h{wide - 16}a8 8 0 0 1 8 8v16H0z" fill="{FRAME}"/>',
            f'<text x="{MARGIN}" y="16">{title}</text>',
            f'<svg x="{MARGIN}" y="{TOP}" width="{wide - 2 * MARGIN}" height="{ROWS * HEIGHT}"><g class="sheet">',
            *(_line(number, spans) for number, spans in enumerate(paper.lines) if spans),
            "</g></svg>",
            "</svg>",
            "",
        ]
    )


def _up(lines: int) -> int:
    """How far the sheet is up when so many lines are written."""
    return -max(lines - ROWS, 0) * HEIGHT


def _line(number: int, spans: Sequence[Span]) -> str:
    """A line where it stands on the sheet."""
    pieces = [
        f'<tspan x="{column * WIDTH:.4g}"{_dyed(colour)}>{escape(text)}</tspan>' for column, text, colour in spans
    ]
    return f'<text y="{(number + 1) * HEIGHT - 4}">{"".join(pieces)}</text>'


def _dyed(colour: str) -> str:
    return f' class="{colour}"' if colour in COLOURS else ""


def main() -> int:
    cast, target = map(Path, sys.argv[1:])
    status = record(cast)
    if status:
        return status
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(picture(sheet(events(cast))), encoding="utf-8")
    print(f"Wrote {target} ({target.stat().st_size // 1024} KiB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
