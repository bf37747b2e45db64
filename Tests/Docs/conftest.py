"""What the documentation tests stand on: the pages, the sources, the programs."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("FABGITOPS_BIN", ROOT / ".build" / "debug"))
DOCS = ROOT / "docs"


def pages():
    """Every Markdown page of the repository, without what builds and fetches left in hidden folders."""
    found = [path for folder in (DOCS, ROOT / "deploy", ROOT / "Benchmarks", ROOT / "Fuzz", ROOT / "demo")
             if folder.is_dir() for path in folder.rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *(page for page in found if not hidden(page))])


def hidden(page):
    return any(part.startswith(".") for part in page.relative_to(ROOT).parts)


def source(folder):
    return "\n".join(path.read_text() for path in sorted((ROOT / "Sources" / folder).rglob("*.swift")))
