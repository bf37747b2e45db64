"""The same still picture on every kind of terminal, size and locale, kept as goldens. RECORD=1 writes them.

The picture is `fabctl demo --still`: the real program, its real back end and terminfo, over a plant that stands still.
Text goldens are one per glyph set and size, since every terminal must show the same. Beside each is how it looks, with
its colours, once for each number of them that terminals have: `cat` one of the `.ansi` files.
"""

import os
import unicodedata

import pytest

import styled
from conftest import BIN, HERE, wait_for

GOLDENS = HERE / "screens"
SIZES = [(80, 24), (100, 30), (200, 60), (60, 16)]
TERMS = ["xterm-256color", "screen", "tmux", "linux", "vt220", "vt100", "xterm", "xterm-mono"]
LOCALES = ["C.UTF-8", "C"]
# What a terminal's description allows; the others have eight.
COLOURS = {"xterm-256color": "256", "vt100": "none", "vt220": "none", "xterm-mono": "none"}


def check(name, text):
    golden = GOLDENS / name
    if os.environ.get("RECORD"):
        GOLDENS.mkdir(exist_ok=True)
        golden.write_text(text)
    assert golden.exists(), f"{golden} is missing; RECORD=1 writes it"
    assert text == golden.read_text(), f"{name} is not as it was; now:\n{text}"


def look(term, locale, columns, rows):
    return GOLDENS / f"{columns}x{rows}-{glyphs(term, locale)}-{COLOURS.get(term, '8')}.ansi"


def check_look(session, golden, record):
    """What is seen, colours and all, is the golden; it may take a moment until the last of it is there."""
    def seen():
        return styled.normal(session.tmux("capture-pane", "-e", "-p"))

    if record:
        golden.write_text(seen())
    expected = golden.read_text() if golden.exists() else None
    assert expected, f"{golden} is missing; RECORD=1 writes it"
    wait_for(lambda: f"{golden.name}; now:\n{seen()}\x1b[0m", lambda: seen() == expected, timeout=20)


def glyphs(term, locale):
    if locale == "C":
        return "ascii"
    return "console" if term == "linux" else "unicode"


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)


def whole(screen, columns, rows):
    """No line is broken: none too long, none scrolled away, boxes closed on both sides."""
    lines = screen.rstrip("\n").split("\n")
    assert len(lines) <= rows, screen
    for line in lines:
        assert width(line) <= columns, (columns, line)
    for line in lines:
        # The two sides of the screen end their boxes where each has to.
        if line[:1] in tuple("│╭╰┌└"):
            assert line[-1] in "│┃█╮╯┐┘", line
        if line[:1] in tuple("|+"):
            assert line[-1] in "|#+", line


def settled(session):
    """The screen once two looks at it are alike; only for recording."""
    last = [None]

    def same():
        before, last[0] = last[0], session.screen()
        return last[0] if before == last[0] and "q quit" in last[0] else None

    return wait_for("a steady screen", same, step=0.5)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("term", TERMS)
def test_every_terminal_shows_the_same_picture(terminal, term, locale):
    session = terminal(columns=80, rows=24)
    session.type(f"LC_ALL={locale} TERM={term} {BIN}/fabctl demo --still; echo exit=$?")
    for columns, rows in SIZES:
        session.resize(columns, rows)
        golden = GOLDENS / f"{columns}x{rows}-{glyphs(term, locale)}.txt"
        if os.environ.get("RECORD") and term in ("xterm-256color", "linux"):
            check(golden.name, settled(session))
        expected = golden.read_text() if golden.exists() else None
        assert expected, f"{golden} is missing; RECORD=1 writes it"
        screen = wait_for(
            lambda: f"{golden.name} on {term}:\n{session.screen()}",
            lambda: (lambda now: now if now == expected else None)(session.screen()), timeout=20)
        whole(screen, columns, rows)
        check_look(session, look(term, locale, columns, rows), os.environ.get("RECORD"))
        if locale == "C":
            assert screen.isascii()
    session.keys("q")
    session.wait("exit=0")


def test_no_color_has_no_colour(terminal):
    session = terminal(columns=100, rows=30, environment={})
    session.type(f"NO_COLOR=1 TERM=xterm-256color LC_ALL=C.UTF-8 {BIN}/fabctl demo --still")
    session.wait("conveyor-2", "q quit")
    styled = session.tmux("capture-pane", "-e", "-p")
    assert "\x1b[7m" in styled or "\x1b[1m" in styled
    for code in styled.split("\x1b[")[1:]:
        parameters = code.split("m")[0].split(";")
        assert all(p in ("", "0", "1", "2", "4", "7", "39", "49") for p in parameters), parameters


def test_theme_preview_is_the_dashboard(fabctl):
    done = fabctl("themes", "--preview", "midnight", "--size", "80x24", "--colors", "256")
    assert done.returncode == 0 and "conveyor-2" in done.stdout and "\x1b[" in done.stdout
    wrong = fabctl("themes", "--preview", "midnigth")
    assert wrong.returncode == 2 and "did you mean midnight" in wrong.stderr


def test_preferences_are_taken_and_mistakes_keep_nobody_out(terminal, tmp_path):
    folder = tmp_path / "config" / "fabgitops"
    folder.mkdir(parents=True)
    (folder / "dashboard.yaml").write_text("sort: name\ncolumns: [name, tags]\nkeys: { refresh: [F5] }\ncolour: red\n")
    session = terminal(columns=200, rows=60)
    session.type(f"TERM=xterm-256color LC_ALL=C.UTF-8 {BIN}/fabctl demo --still")
    session.wait("by name", "TAGS", "dashboard.yaml:4:1: colour: unknown field")
    session.keys("Escape")
    session.keys("?")
    session.wait("Keys here", "F5")
