# SPDX-License-Identifier: ISC
"""A terminal for the real linkq to run in, and the screen that its output makes."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios

from case import LINKQ
from fake import wait_for


class Terminal:
    """linkq in a terminal of its own; what it wrote is kept, and shown as the screen it makes."""

    def __init__(self, run, *args, rows=24, columns=80, env=None, program=(LINKQ,)):
        self.master, slave = pty.openpty()
        self.size(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.text = b""     # since the last size
        self.written = b""  # in all
        self.process = subprocess.Popen([*program, *args], stdin=slave, stdout=slave, stderr=slave, cwd=run.folder,
                                        env={**run.env, "TERM": "xterm-256color", **(env or {})},
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def size(self, rows, columns):
        """The screen is drawn anew for another size: what stood there before counts no more."""
        self.rows, self.columns, self.text = rows, columns, b""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            new = os.read(self.master, 65536)
            self.text += new
            self.written += new

    def wait_for(self, *words, seconds=10):
        def there():
            self.read()
            shown = self.screen()
            return all(word in shown for word in words)
        try:
            wait_for(there, seconds, words)
        except AssertionError:
            raise AssertionError("waited for %r, and saw:\n%s" % (words, self.screen()))

    def screen(self):
        """What stands on the screen: the few sequences that ncurses uses with this terminal."""
        cells = [[" "] * self.columns for _ in range(self.rows)]
        y = x = 0
        top, bottom = 0, self.rows - 1  # what scrolls
        last = " "
        text = self.text.decode("utf-8", "replace")
        for m in re.finditer(r"\033\[([?>]?)([\d;]*)([@-~])|\033[()].|\033[=>78M]|([^\033])", text):
            private, numbers, final, char = m.groups()
            n = [int(i or 0) for i in (numbers or "").split(";")]
            if char == "\r":
                x = 0
            elif char == "\n":
                if y == bottom:
                    cells.pop(top)
                    cells.insert(bottom, [" "] * self.columns)
                else:
                    y = min(y + 1, self.rows - 1)
            elif m.group() == "\033M":
                if y == top:
                    cells.pop(bottom)
                    cells.insert(top, [" "] * self.columns)
                else:
                    y = max(y - 1, 0)
            elif char == "\b":
                x = max(x - 1, 0)
            elif char and char >= " ":
                if x < self.columns and y < self.rows:
                    cells[y][x] = last = char
                x += 1
            elif private or not final:
                continue
            elif final == "H":
                y, x = max(n[0], 1) - 1, (max(n[1], 1) if len(n) > 1 else 1) - 1
            elif final == "d":
                y = max(n[0], 1) - 1
            elif final == "G":
                x = max(n[0], 1) - 1
            elif final in "ABCD":
                k = max(n[0], 1)
                y += {"A": -k, "B": k}.get(final, 0)
                x += {"C": k, "D": -k}.get(final, 0)
            elif final == "r":
                top, bottom = max(n[0], 1) - 1, (n[1] if len(n) > 1 and n[1] else self.rows) - 1
                y = x = 0
            elif final in "LM":
                for _ in range(max(n[0], 1)):
                    cells.pop(y if final == "M" else bottom)
                    cells.insert(bottom if final == "M" else y, [" "] * self.columns)
            elif final == "J":
                for row in range(y, self.rows):
                    cells[row][(x if row == y else 0):] = [" "] * (self.columns - (x if row == y else 0))
            elif final == "K":
                first, end = (0, min(x + 1, self.columns)) if n[0] == 1 else (x, self.columns)
                cells[y][first:end] = [" "] * (end - first)
            elif final == "X":
                for i in range(x, min(x + max(n[0], 1), self.columns)):
                    cells[y][i] = " "
            elif final == "b":
                for i in range(max(n[0], 1)):
                    if x < self.columns:
                        cells[y][x] = last
                    x += 1
            elif final == "P":
                k = max(n[0], 1)
                cells[y][x:] = (cells[y][x + k:] + [" "] * k)[:self.columns - x]
            elif final == "@":
                k = max(n[0], 1)
                cells[y][x:] = ([" "] * k + cells[y][x:])[:self.columns - x]
            y, x = max(0, min(y, self.rows - 1)), max(0, x)
        return "\n".join("".join(row).rstrip() for row in cells)

    def key(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """Its exit status, once it ended by itself, and that the terminal is as it was."""
        status = self.process.wait(10)
        self.read()
        after = termios.tcgetattr(self.slave)
        after[3] &= ~getattr(termios, "PENDIN", 0)
        assert after == self.before, "the terminal was left in another mode"
        hidden = self.written.rindex(b"\033[?25l")
        assert b"\033[?25h" in self.written[hidden:], "the cursor was left hidden"
        assert b"\033[?1049l" in self.written[hidden:], "the screen was not given back"
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
