"""The loop in ``docs/use/tflite.md`` runs with nothing but LiteRT and NumPy."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "use" / "tflite.md"
WITHOUT = "import sys\nfor name in ('tensorflow', 'keras', 'namegen'):\n    sys.modules[name] = None\n"


def test_the_loop_runs_without_tensorflow_and_without_namegen(exported: Callable[..., Path], tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    shutil.copy(exported("lstm"), tmp_path / "model.tflite")
    command = [sys.executable, "-c", WITHOUT + code]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    one, many = result.stdout.splitlines()
    assert one.istitle()
    assert len(many.split()) >= 10
