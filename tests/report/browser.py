"""A headless Chromium, spoken to through a pipe: what a page asks for, complains of, and looks like."""

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find():
    """Return the program, or None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One page in a browser; `events` holds everything that was reported of it."""

    def __init__(self, to, of):
        self._to, self._of, self._number, self._session, self.events = to, of, 0, None, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method, **params):
        """Send a command and return its result; events are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def open(self, path, width, height=900, dark=False, media="screen"):
        """Open a file at a width in pixels, in light or dark."""
        self.events.clear()
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.send("Page.navigate", url=path.resolve().as_uri())
        while not self.seen("Page.loadEventFired"):
            self._read()

    def ask(self, expression):
        """Return the value of an expression of JavaScript; the page's own policy does not hold for it."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def seen(self, method):
        """Return the events of one kind."""
        return [event["params"] for event in self.events if event["method"] == method]

    def _read(self):
        text = bytearray()
        while not text.endswith(b"\0"):
            byte = self._of.read(1)
            assert byte, "the browser has gone"
            text += byte
        message = json.loads(text[:-1])
        if "method" in message:
            self.events.append(message)
        return message


@contextmanager
def tab(program):
    """Give a tab of a browser that nothing else uses, without network."""
    there, to = os.pipe()
    of, here = os.pipe()
    command = f'exec "$0" "$@" 3<&{there} 4>&{here}'
    options = (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-pipe",
        "--proxy-server=127.0.0.1:9",
    )
    with tempfile.TemporaryDirectory() as profile:
        arguments = ["bash", "-c", command, program, *options, f"--user-data-dir={profile}", "--disable-dev-shm-usage"]
        browser = subprocess.Popen(
            arguments, pass_fds=(there, here), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(there)
        os.close(here)
        try:
            with open(to, "wb") as to, open(of, "rb") as of:
                yield Tab(to, of)
        finally:
            browser.terminate()
            browser.wait()
