"""No dead link within the repository: files, and headings of pages."""

import json
import re
import urllib.parse

from conftest import ROOT, pages

LINK = re.compile(r"(?<!\\)\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)", re.M)


def prose(text):
    """Without code, in which brackets mean something else."""
    text = re.sub(r"(?ms)^(```|~~~).*?^\1[^\n]*$", "", text)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(text):
    """As GitHub makes them of headings."""
    seen = {}
    for heading in re.findall(r"(?m)^#{1,6}\s+(.+?)\s*#*$", re.sub(r"(?ms)^```.*?^```", "", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = seen.get(name, 0)
        seen[name] = count + 1
        yield name if count == 0 else f"{name}-{count}"
    yield from re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text)


def dead(page):
    for match in LINK.finditer(prose(page.read_text())):
        target = match.group(1) or match.group(2)
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page if not path else (page.parent / urllib.parse.unquote(path)).resolve()
        if not file.exists() or ROOT not in [file, *file.parents]:
            yield f"{page.relative_to(ROOT)}: {target}: no such file"
        elif anchor and file.suffix == ".md" and anchor not in set(anchors(file.read_text())):
            yield f"{page.relative_to(ROOT)}: {target}: no such heading"


def test_no_dead_link():
    assert len(pages()) > 20
    assert [line for page in pages() for line in dead(page)] == []


def test_every_page_can_be_reached():
    """From README, by links alone."""
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for match in LINK.finditer(prose(page.read_text())):
            target = (match.group(1) or match.group(2)).partition("#")[0]
            if re.match(r"[a-z][a-z0-9+.-]*:", target) or not target:
                continue
            file = (page.parent / urllib.parse.unquote(target)).resolve()
            if file.is_dir():
                waiting.extend(file.glob("*.md"))
            elif file.suffix == ".md" and file.exists():
                waiting.append(file)
    lost = {path for path in pages() if path not in reached and ".github" not in path.parts}
    assert sorted(str(path.relative_to(ROOT)) for path in lost) == []


def test_the_recorded_tour_can_be_played():
    """`docs/images/record` makes it; the format is asciicast v2."""
    head, *events = [json.loads(line) for line in (ROOT / "docs/images/tour.cast").read_text().splitlines()]
    assert head["version"] == 2 and head["width"] == 120 and head["height"] == 36
    times = [time for time, kind, _ in events if kind == "o"]
    assert len(times) == len(events) > 50 and times == sorted(times) and times[-1] > 30
