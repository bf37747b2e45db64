"""Captures with their colours (`tmux capture-pane -e`) as text that two captures of the same picture share.

tmux says how cells differ from those before them, and a blank may have got its ink from anything that stood there once:
nobody can see it. Here each line begins plain, a blank keeps only what shows on a blank (its ground, reverse video, an
underline), and blanks at the end of a line that show nothing are left out. `cat` shows such a file as it was.
"""

import re

SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b[()][A-Za-z0-9]|\x0e|\x0f")
# Numbers of SGR (ECMA-48), with what they set; the numbers that end it.
FLAGS = {"1": "bold", "2": "dim", "4": "underline", "5": "blink", "7": "reverse"}
ENDS = {"22": ("bold", "dim"), "24": ("underline",), "25": ("blink",), "27": ("reverse",)}
CODES = {name: number for number, name in FLAGS.items()}


class Look:
    """How a cell looks: flags, and the colours of ink and ground as tmux writes them."""

    def __init__(self):
        self.flags, self.ink, self.ground = set(), "", ""

    def apply(self, parameters):
        numbers = (parameters or "0").replace(":", ";").split(";")
        while numbers:
            number = numbers.pop(0) or "0"
            if number == "0":
                self.__init__()
            elif number in FLAGS:
                self.flags.add(FLAGS[number])
            elif number in ENDS:
                self.flags -= set(ENDS[number])
            elif number in ("38", "48"):
                length = 2 if numbers[0] == "5" else 4
                color = ";".join([number, *numbers[:length]])
                del numbers[:length]
                if number == "38":
                    self.ink = color
                else:
                    self.ground = color
            elif number == "39":
                self.ink = ""
            elif number == "49":
                self.ground = ""
            elif number[0] == "3" or (number[0] == "9" and len(number) == 2):
                self.ink = number
            elif number[0] == "4" or number.startswith("10"):
                self.ground = number
            else:
                raise AssertionError(f"SGR {number} is no look that is known here")

    def whole(self):
        """All of it, as one sequence's parameters."""
        return ";".join([*sorted(CODES[flag] for flag in self.flags), *filter(None, (self.ink, self.ground))])

    def on_blank(self):
        """What can be seen of it on a blank."""
        flags = self.flags & {"reverse", "underline"}
        return ";".join([*sorted(CODES[flag] for flag in flags), *filter(None, (self.ink if flags else "", self.ground))])


def cells(line, look):
    """(character, all of its look, its look on a blank) for each character; `look` goes on from line to line."""
    found, at = [], 0
    while at < len(line):
        match = SEQUENCE.match(line, at)
        if match:
            if match[1] is not None:
                look.apply(match[1])
            at = match.end()
        else:
            found.append((line[at], look.whole(), look.on_blank()))
            at += 1
    return found


def normal(capture):
    """The capture in its one form."""
    look, lines = Look(), []
    for line in capture.rstrip("\n").split("\n"):
        row = cells(line, look)
        while row and row[-1][0] == " " and not row[-1][2]:
            row.pop()
        text, last, blank = "", "", ""
        for character, style, seen in row:
            # A blank that looks as one would with what is in force needs nothing new.
            wanted = last if character == " " and seen == blank else seen if character == " " else style
            if wanted != last:
                text += f"\x1b[0;{wanted}m" if wanted else "\x1b[0m"
                last = wanted
            blank = seen
            text += character
        lines.append(text + ("\x1b[0m" if last else ""))
    return "\n".join(lines).rstrip("\n") + "\n"
