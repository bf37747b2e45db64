"""What the deployment tests stand on: the chart, the manifests, and a real API server."""

import pathlib
import shutil

import pytest

import apiserver

ROOT = pathlib.Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "charts" / "fabgitops"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    if not apiserver.is_installed() or not shutil.which("kubectl"):
        pytest.skip(f"needs kubectl, and kube-apiserver and etcd in {apiserver.ASSETS} (set KUBEBUILDER_ASSETS)")
    server = apiserver.APIServer(tmp_path_factory.mktemp("cluster"))
    try:
        server.start()
        made = server.kubectl("apply", "-f", str(pathlib.Path(__file__).parent / "foreign-crds.yaml"))
        assert made.returncode == 0, made.stderr
        yield server
    finally:
        server.stop()
