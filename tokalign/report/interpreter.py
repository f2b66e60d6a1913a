"""The kernel in which notebooks run: the interpreter that is running already."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import TraitError


class ThisInterpreter(AsyncKernelManager):
    """A kernel in the running interpreter: a kernel of the same name may be another's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Other users of the machine can reach the kernel's ports. Older Jupyters cannot.
        if self.has_trait("transport_encryption"):
            with contextlib.suppress(TraitError):
                self.transport_encryption = "auto"

    @property
    def kernel_spec(self) -> KernelSpec:
        """How the kernel is started."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            language="python",
            metadata={"supported_encryption": ["curve"]},
            env={"PYDEVD_DISABLE_FILE_VALIDATION": "1", "TOKENIZERS_PARALLELISM": "false"},
        )
