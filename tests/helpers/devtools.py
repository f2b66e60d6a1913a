"""A browser that is driven as a person does it: real keys, and scripts switched off.

Speaks the Chrome DevTools Protocol over tornado's websocket, which comes with the notebook kernel.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
#: Key -> its virtual key code, which is what the browser acts on.
KEYS = {"PageUp": 33, "PageDown": 34, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39,
        "Tab": 9}  # fmt: skip


def find_browser() -> str | None:
    """The first browser that is installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Tab:
    """One page of the browser."""

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: WebSocketClientConnection) -> None:
        self._loop, self._socket, self._numbers = loop, socket, itertools.count(1)
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and wait for its result."""
        number = next(self._numbers)

        async def ask() -> None:
            asked = {"id": number, "method": method, "params": parameters}
            await self._socket.write_message(json.dumps(asked))

        self._loop.run_until_complete(ask())
        answer = self._hear("id", number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]  # type: ignore[no-any-return]

    def _hear(self, name: str, value: Any) -> dict[str, Any]:
        """Listen until something is said whose `name` is `value`; keep all else."""

        async def listen() -> dict[str, Any]:
            while True:
                said = json.loads(await self._socket.read_message() or "{}")
                if said.get(name) == value:
                    return said  # type: ignore[no-any-return]
                self.events.append(said)

        return self._loop.run_until_complete(asyncio.wait_for(listen(), 60))

    def open(self, address: str) -> None:
        """Go to a page and wait until it has loaded."""
        self.events.clear()
        self.call("Page.navigate", url=address)
        if not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self._hear("method", "Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def press(self, key: str, times: int = 1) -> None:
        """Press a key, as a keyboard does."""
        for kind in ("rawKeyDown", "keyUp") * times:
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=KEYS[key])  # fmt: skip

    def complaints(self) -> list[str]:
        """What the page's scripts and the loading of its parts complained of."""
        methods = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [json.dumps(e) for e in self.events if e.get("method") in methods]


@contextmanager
def open_tab(program: str, profile: Path) -> Iterator[Tab]:
    """Start a headless browser, and end it afterwards."""
    browser = subprocess.Popen(
        [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    loop = asyncio.new_event_loop()
    try:
        pages = json.loads(_fetch(f"http://127.0.0.1:{_port(profile)}/json/list"))
        address = next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page")

        async def connect() -> WebSocketClientConnection:
            return await websocket_connect(address, max_message_size=1 << 26)

        yield Tab(loop, loop.run_until_complete(connect()))
    finally:
        browser.terminate()
        browser.wait(30)
        loop.close()


def _port(profile: Path) -> str:
    """The browser writes it there once it listens."""
    written = profile / "DevToolsActivePort"
    for _ in range(300):
        if written.is_file() and (lines := written.read_text().split()):
            return lines[0]
        time.sleep(0.1)
    raise RuntimeError("the browser did not start")


def _fetch(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return str(answer.read().decode())
