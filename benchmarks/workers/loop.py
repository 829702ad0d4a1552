"""Orders in, results out: the conversation of every worker with the benchmark. Standard library."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def obey(function: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Read one order a line from standard input, write one result a line to standard output."""
    for line in sys.stdin:
        print(json.dumps(function(json.loads(line))), flush=True)
