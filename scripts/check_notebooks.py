"""Check that the stored chapters hold no outputs and no typed numbers: `make test` runs it.

Give nothing to check the whole book, or the notebooks to check.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tokalign.report.sources import check_notebook, check_sources


def main(arguments: list[str]) -> int:
    if arguments:
        problems = [f"{name}: {line}" for name in arguments for line in check_notebook(Path(name))]
    else:
        problems = check_sources(Path(__file__).resolve().parents[1])
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"check_notebooks: {len(problems)} problems" if problems else "check_notebooks: ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
