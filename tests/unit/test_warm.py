# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that start warm do what they do when they start cold."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.warm import Warm, interpreter

SCRIPTS = {
    "print('out'); import sys; print('err', file=sys.stderr)": (0, "out\n", "err\n"),
    "import sys; sys.exit(3)": (3, "", ""),
    "import sys; sys.exit('no such thing')": (1, "", "no such thing\n"),
    "import os; print(os.getcwd() == os.environ['PLACE'], os.environ['WORD'], len(os.environ) < 9)": (
        0,
        "True a=b True\n",
        "",
    ),
    "print(__name__, __import__('sys').argv[1:])": (0, "__main__ []\n", ""),
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": (-9, "", ""),
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("warm")
    warm = Warm("module", directory, {"PATH": os.environ["PATH"]}, directory)
    yield interpreter(warm, directory)
    warm.stop()


@pytest.mark.parametrize(("script", "expected"), SCRIPTS.items())
def test_a_script_runs_as_it_does_in_an_interpreter(
    python: Path, script: str, expected: tuple[int, str, str], tmp_path: Path
) -> None:
    environment = {"PLACE": str(tmp_path), "WORD": "a=b", "PATH": os.environ["PATH"]}
    for program in (sys.executable, python):
        run = subprocess.run(
            [program], input=script, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        status, output, errors = expected
        killed = status if program == sys.executable else status % 256
        assert (run.returncode, run.stdout, run.stderr) == (killed, output, errors)


def test_an_exception_is_shown(python: Path) -> None:
    run = subprocess.run([python], input="1 / 0", capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.rstrip().endswith("ZeroDivisionError: division by zero")


INSIDE = "import sys\nWORD = {word!r}\nFILE = sys._getframe().f_code.co_filename\n"
OUTSIDE = "import sys; sys.path.insert(0, {archive!r}); import inside; print(inside.FILE, inside.WORD)"


def test_what_a_zip_file_holds_is_compiled_once_for_each_content(python: Path, tmp_path: Path) -> None:
    """Wherever it lies: a traceback names the place where it lies now."""
    for archive, word in (("one.zip", "first"), ("two.zip", "first"), ("three.zip", "second")):
        with zipfile.ZipFile(tmp_path / archive, "w") as file:
            file.writestr("inside.py", INSIDE.format(word=word))
        script = OUTSIDE.format(archive=archive)
        run = subprocess.run([python], input=script, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert run.stdout == f"{archive}/inside.py {word}\n"
    assert len(list((python.parent / "compiled").iterdir())) == 2


def test_with_arguments_it_is_the_interpreter_itself(python: Path) -> None:
    run = subprocess.run([python, "-c", "print(6 * 7)"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "42\n")
