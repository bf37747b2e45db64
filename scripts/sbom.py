#!/usr/bin/env python3
"""Writes the bill of materials of a release: fabgitops.spdx.json (SPDX 2.3) and fabgitops.cdx.json (CycloneDX 1.5).

Components are the Swift packages as they were resolved (workspace-state.json of the build), the Swift runtime, and the C
libraries that are linked in or wanted at run time. Licences are read from each package's own licence file.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import uuid

# How a licence file is told: the first mark that is in it.
MARKS = [
    ("Apache-2.0", "Apache License"),
    ("MIT", "Permission is hereby granted, free of charge"),
    ("MPL-2.0", "Mozilla Public License Version 2.0"),
    ("BSD-3-Clause", "Neither the name of"),
    ("BSD-2-Clause", "Redistribution and use in source and binary forms"),
    ("ISC", "Permission to use, copy, modify, and/or distribute"),
]


def licence_of(folder):
    for path in sorted(folder.glob("LICEN[CS]E*")) + sorted(folder.glob("COPYING*")):
        text = path.read_text(errors="replace")
        for name, mark in MARKS:
            if mark in text:
                # Swift's own projects add an exception for what the compiler puts into binaries.
                exception = name == "Apache-2.0" and "Runtime Library Exception" in text
                return "Apache-2.0 WITH Swift-exception" if exception else name
    return None


def swift_packages(scratch):
    state = json.loads((scratch / "workspace-state.json").read_text())
    for entry in state["object"]["dependencies"]:
        reference, checkout = entry["packageRef"], entry["state"].get("checkoutState", {})
        location = reference["location"]
        match = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+?)(?:\.git)?/?", location)
        owner, name = match.groups() if match else ("", reference["identity"])
        folder = scratch / "checkouts" / entry["subpath"]
        version = checkout.get("version") or checkout.get("branch") or checkout.get("revision", "")
        yield {
            "name": name, "version": version, "supplier": owner, "licence": licence_of(folder),
            "purl": f"pkg:swift/github.com/{owner}/{name}@{version}", "home": location, "linkage": "static",
        }


def debian_version(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def c_libraries():
    wanted = [
        ("sqlite3", "libsqlite3-dev", "blessing", "https://www.sqlite.org", "static"),
        ("zlib", "zlib1g-dev", "Zlib", "https://zlib.net", "static"),
        ("libstdc++", "libstdc++-12-dev", "GPL-3.0-or-later WITH GCC-exception-3.1", "https://gcc.gnu.org", "static"),
        ("ncurses", "libncurses-dev", "X11-distribute-modifications-variant", "https://invisible-island.net/ncurses",
         "dynamic"),
        ("glibc", "libc6", "LGPL-2.1-or-later", "https://www.gnu.org/software/libc", "dynamic"),
    ]
    for name, package, licence, home, linkage in wanted:
        version = debian_version(package)
        if version:
            yield {
                "name": name, "version": version, "supplier": "Debian", "licence": licence, "home": home,
                "linkage": linkage, "purl": f"pkg:deb/debian/{package}@{version}",
            }


def swift_runtime():
    line = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"Swift version (\S+)", line).group(1)
    return {
        "name": "swift", "version": version, "supplier": "swiftlang", "licence": "Apache-2.0 WITH Swift-exception",
        "home": "https://www.swift.org", "linkage": "static", "purl": f"pkg:github/swiftlang/swift@{version}",
    }


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def identifier(text):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", text)


def spdx(version, when, components, programs):
    name = f"fabgitops-{version}"
    seed = json.dumps([components, [digest(program) for program in programs]], sort_keys=True)
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": name,
        "documentNamespace": f"https://fabgitops.io/spdx/{name}-{uuid.uuid5(uuid.NAMESPACE_URL, seed)}",
        "creationInfo": {"created": when, "creators": ["Tool: scripts/sbom.py", "Organization: FabGitOps"]},
        "documentDescribes": [identifier("fabgitops")],
        "packages": [{
            "SPDXID": identifier("fabgitops"), "name": "fabgitops", "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0",
            "copyrightText": "NOASSERTION", "primaryPackagePurpose": "APPLICATION",
        }],
        "files": [{
            "SPDXID": identifier("file-" + program.name), "fileName": "./" + program.name,
            "checksums": [{"algorithm": "SHA256", "checksumValue": digest(program)},
                          {"algorithm": "SHA1", "checksumValue": hashlib.sha1(program.read_bytes()).hexdigest()}],
            "licenseConcluded": "Apache-2.0", "copyrightText": "NOASSERTION", "fileTypes": ["BINARY"],
        } for program in programs],
        "relationships": [],
    }
    for program in programs:
        document["relationships"].append({
            "spdxElementId": identifier("fabgitops"), "relationshipType": "CONTAINS",
            "relatedSpdxElement": identifier("file-" + program.name)})
    for part in components:
        key = identifier(f"package-{part['name']}")
        licence = part["licence"] or "NOASSERTION"
        document["packages"].append({
            "SPDXID": key, "name": part["name"], "versionInfo": part["version"], "supplier": f"Organization: {part['supplier']}",
            "downloadLocation": part["home"], "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence,
            "copyrightText": "NOASSERTION", "primaryPackagePurpose": "LIBRARY",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": part["purl"]}],
        })
        kind = "STATIC_LINK" if part["linkage"] == "static" else "DYNAMIC_LINK"
        document["relationships"].append({
            "spdxElementId": identifier("fabgitops"), "relationshipType": kind, "relatedSpdxElement": key})
    return document


def licences(text):
    if text is None:
        return []
    return [{"expression": text}] if " WITH " in text else [{"license": {"id": text}}]


def cyclonedx(version, when, components, programs):
    parts = [{
        "type": "library", "bom-ref": part["purl"], "name": part["name"], "version": part["version"],
        "publisher": part["supplier"], "purl": part["purl"], "licenses": licences(part["licence"]),
        "externalReferences": [{"type": "website", "url": part["home"]}],
        "properties": [{"name": "fabgitops:linkage", "value": part["linkage"]}],
    } for part in components]
    files = [{
        "type": "file", "bom-ref": f"file:{program.name}", "name": program.name,
        "hashes": [{"alg": "SHA-256", "content": digest(program)}],
    } for program in programs]
    seed = json.dumps([parts, files], sort_keys=True)
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}",
        "metadata": {
            "timestamp": when,
            "tools": {"components": [{"type": "application", "name": "scripts/sbom.py"}]},
            "component": {"type": "application", "bom-ref": "fabgitops", "name": "fabgitops", "version": version,
                          "licenses": [{"license": {"id": "Apache-2.0"}}]},
        },
        "components": files + parts,
        "dependencies": [{"ref": "fabgitops", "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", required=True)
    parser.add_argument("--scratch", required=True, type=pathlib.Path, help="SwiftPM's scratch folder")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("programs", nargs="+", type=pathlib.Path)
    given = parser.parse_args()
    components = sorted(swift_packages(given.scratch), key=lambda part: part["name"].lower())
    components += [swift_runtime(), *c_libraries()]
    unknown = [part["name"] for part in components if not part["licence"]]
    if unknown:
        raise SystemExit(f"scripts/sbom.py: no licence found for {', '.join(unknown)}; look at its files and extend MARKS")
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or subprocess.run(
        ["git", "log", "-1", "--format=%ct"], capture_output=True, text=True, check=True).stdout)
    when = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name, document in (("fabgitops.spdx.json", spdx(given.version, when, components, given.programs)),
                           ("fabgitops.cdx.json", cyclonedx(given.version, when, components, given.programs))):
        (given.out / name).write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
