#!/usr/bin/env python3
"""Checks the programs of a folder as a distribution would: position independent, no executable stack, relocations read-only,
no run path outside of the system, and, in a release, nothing asked of the machine but glibc, ncursesw and tinfo.

    Tests/Deploy/hardening.py FOLDER
"""

import pathlib
import re
import subprocess
import sys

PROGRAMS = ("fabctl", "mock-plc", "fabgitops-operator")
PERMITTED = re.compile(r"(ld-linux.*|lib(c|m|dl|pthread|rt|resolv|util|ncursesw|tinfo))\.so[.0-9]*$")


def readelf(option, path):
    return subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True, check=True).stdout


def faults(path, is_release):
    if "Type:                              DYN" not in readelf("-h", path):
        yield "is not position independent"
    segments = readelf("-l", path)
    stack = re.search(r"GNU_STACK.*\s(R\w*)\s+0x", segments)
    if not stack or "E" in stack.group(1):
        yield "has an executable stack"
    if "GNU_RELRO" not in segments:
        yield "has writable relocations (no RELRO)"
    if re.search(r"LOAD.*\sRWE\s", segments):
        yield "has a segment that is writable and executable"
    dynamic = readelf("-d", path)
    if "TEXTREL" in dynamic:
        yield "has text relocations"
    if is_release:
        for needed in re.findall(r"NEEDED.*\[(.+?)\]", dynamic):
            if not PERMITTED.match(needed):
                yield f"wants {needed} of its machine"
        for folders in re.findall(r"(?:RPATH|RUNPATH).*\[(.+?)\]", dynamic):
            for folder in folders.split(":"):
                if not folder.startswith("$ORIGIN"):
                    yield f"looks for libraries in {folder}"


def main():
    folder = pathlib.Path(sys.argv[1])
    found = [folder / name for name in PROGRAMS if (folder / name).exists()]
    if not found:
        raise SystemExit(f"no programs in {folder}")
    wrong = [f"{path}: {fault}" for path in found for fault in faults(path, folder.name == "dist")]
    print("\n".join(wrong) or "\n".join(f"{path}: hardened" for path in found))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
