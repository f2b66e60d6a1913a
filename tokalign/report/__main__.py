"""`python -m tokalign.report`: build the whole book, as `make book` does."""

from __future__ import annotations

import sys

from tokalign.errors import TokalignError
from tokalign.report.render import RenderFailed
from tokalign.report.run import build_book


def main() -> int:
    """Build the book; 0 where it was built, 2 after one line on what went wrong."""
    try:
        result = build_book(say=lambda line: print(line, flush=True))
    except TokalignError as error:
        for problem in error.problems[1:] if isinstance(error, RenderFailed) else ():
            print(problem, file=sys.stderr)
        print(error, file=sys.stderr)
        return 2
    print(f"{result.index} ({result.seconds:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
