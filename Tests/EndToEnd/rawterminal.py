"""A terminal that keeps every byte it is sent, and says which of them a terminal would have obeyed without our wishing it."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time

#: What ncurses and we send to an xterm-256color: colours and attributes, moving, erasing, scrolling, modes, character sets.
_SEQUENCES = re.compile(
    rb"\x1b\[(?P<sgr>[0-9;:]*)m"
    rb"|\x1b\[(?P<move>[0-9;]*)[ABCDEFGHIJKLMPSTXZ@`bdfgr]"
    rb"|\x1b\[\?(?P<mode>[0-9;]+)[hl]"
    rb"|\x1b\[[0-9]*[hl]|\x1b\[2[23];0;0t|\x1b\[!p|\x1b\[[0-9] ?q"
    # What was asked to be copied (OSC 52), in base64.
    rb"|\x1b\]52;c;[A-Za-z0-9+/=]*(?:\x07|\x1b\\)"
    rb"|\x1b[()][0AB]|\x1b[78=>MDEHc]")
_MODES = {1, 3, 4, 7, 12, 25, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1034, 1049, 2004, 2026}
#: Reordering and invisible characters (Unicode TR36), and everything a terminal takes for a command.
_INVISIBLE = re.compile(
    "[\x00-\x06\x0b\x0c\x10-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]")


def disobedient(data):
    """What of `data` is neither text nor a sequence of ours; each with what surrounds it."""
    found = []

    def check(match):
        numbers = [int(n) for n in re.split(rb"[;:]", match["sgr"] or match["move"] or b"") if n]
        if any(n > 255 for n in numbers if match["sgr"]) or any(n > 2000 for n in numbers):
            found.append(match[0])
        if match["mode"] and not {int(n) for n in match["mode"].split(b";")} <= _MODES:
            found.append(match[0])
        return b""

    text = _SEQUENCES.sub(check, data).decode("utf-8", "replace")
    found += [text[max(0, m.start() - 20):m.end() + 20] for m in _INVISIBLE.finditer(text)]
    return found


class RawTerminal:
    def __init__(self, command, columns=120, rows=40, environment=None):
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        variables = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8", **(environment or {}))
        variables.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            command, stdin=child, stdout=child, stderr=child, env=variables, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(child)
        self.master = parent
        self.data = bytearray()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with contextlib.suppress(OSError):
            while chunk := os.read(self.master, 65536):
                self.data += chunk

    def send(self, data):
        """False when nobody takes it any more."""
        try:
            while data:
                data = data[os.write(self.master, data):]
            return True
        except OSError:
            return False

    def drawn(self):
        """All bytes until the program gave the screen back: after that a terminal echoes what is typed."""
        return bytes(self.data).rpartition(b"\x1b[?1049l")[0] or bytes(self.data)

    def text(self):
        return _SEQUENCES.sub(b"", bytes(self.data)).decode("utf-8", "replace")

    def wait(self, word, timeout=120):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if word in self.text():
                return
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.text()[-2000:]}"
            time.sleep(0.05)
        raise AssertionError(f"never saw {word!r}:\n{self.text()[-3000:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(5)
        with contextlib.suppress(OSError):
            os.close(self.master)
