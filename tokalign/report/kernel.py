"""A kernel in the running interpreter that runs pieces of code one after the other.

What a piece raises is given back, not raised: an answer may be wrong. Does NOT keep outputs (see
`execute` for chapters that are published), and does not shield this machine from the code.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from tokalign.report.interpreter import ThisInterpreter

_INSIDE = "__import__('importlib').import_module('tokalign.report.namespace')"
_SPACE = "get_ipython().user_ns"
_ANSI = re.compile("\x1b\\[[0-9;]*m")


@dataclass(frozen=True)
class Failure:
    """What a piece of code raised.

    Attributes:
        error: The name of the exception's class.
        message: Its text.

    >>> str(Failure("KeyError", "'k'")), str(Failure("StopIteration", ""))
    ("KeyError: 'k'", 'StopIteration')
    """

    error: str
    message: str

    def __str__(self) -> str:
        return f"{self.error}: {self.message}" if self.message else self.error


class Kernel:
    """A started kernel; made by `started`."""

    def __init__(self, client: NotebookClient, timeout: int | None) -> None:
        self._client, self._timeout = client, timeout
        self._died: Failure | None = None

    def run(self, source: str) -> Failure | None:
        """Run code as a cell.

        Args:
            source: The code, empty too.

        Returns:
            What it raised. `DeadKernelError` where the kernel died, then or before; `TimeoutError`
            where it took too long and was interrupted.
        """
        if self._died is None:
            started = time.monotonic()
            try:
                outputs = self._outputs(source)
            except DeadKernelError:
                self._died = Failure("DeadKernelError", "the kernel died")
            else:
                # An interrupt can be caught by the code, the time that it took cannot.
                if self._timeout is not None and time.monotonic() - started >= self._timeout:
                    return Failure("TimeoutError", f"it took more than {self._timeout} s")
                failed = next((o for o in outputs if o.output_type == "error"), None)
                text = _ANSI.sub("", failed.evalue).strip() if failed else ""
                return Failure(failed.ename, text) if failed else None
        return self._died

    @property
    def died(self) -> bool:
        """Whether there is no kernel any more."""
        return self._died is not None

    def raised_in(self) -> str:
        """See `namespace.raised_in`; of the code that `run` ran last."""
        return self._ask(f"print({_INSIDE}.raised_in(), end='')")

    def keep(self) -> None:
        """Keep the names as they are now."""
        self._ask(f"get_ipython().kept_names = {_INSIDE}.Names({_SPACE})")

    def restore(self) -> None:
        """Bring back the names of `keep`."""
        self._ask(f"get_ipython().kept_names.restore({_SPACE})")

    def _ask(self, source: str) -> str:
        if self._died is not None:
            return ""
        outputs = self._outputs(source)
        failed = [output for output in outputs if output.output_type == "error"]
        if failed:
            raise RuntimeError(f"{source} failed: {failed[0].ename}: {failed[0].evalue}")
        return "".join(output.text for output in outputs if output.output_type == "stream")

    def _outputs(self, source: str) -> Any:
        cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        self._client.nb.cells = [cell]
        return self._client.execute_cell(cell, 0).outputs


@contextlib.contextmanager
def started(cwd: Path, timeout: int | None = None) -> Iterator[Kernel]:
    """Start a kernel, and stop it at the end whatever happens.

    Args:
        cwd: The folder in which it runs.
        timeout: The most that one piece of code may take, in seconds.
    """
    client = NotebookClient(
        nbformat.v4.new_notebook(),  # type: ignore[no-untyped-call]
        kernel_manager_class=ThisInterpreter,
        allow_errors=True,
        timeout=timeout,
        interrupt_on_timeout=True,
        error_on_timeout={"ename": "TimeoutError", "evalue": "", "traceback": []},
    )
    # What a program that the code starts would print must not get among our own answers.
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with client.setup_kernel(cwd=str(cwd), **nowhere):
        yield Kernel(client, timeout)
