#!/usr/bin/env python3
"""Renders the chart, with defaults and with everything on, for scanners: one file each in the folder given."""

import pathlib
import sys

import yaml

import helm
from conftest import CHART
from test_chart import EVERYTHING

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, values in (("defaults", {}), ("everything", EVERYTHING)):
    # Definitions are those of deploy/k8s, scanned there; the pod of `helm test` runs once and wants no probes.
    made = [document for document in helm.render(CHART, values) if document["kind"] not in ("CustomResourceDefinition", "Pod")]
    (folder / f"{name}.yaml").write_text(yaml.safe_dump_all(made))
