"""What fabctl prints in the Kubernetes shape is accepted by kubectl and a real API server."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import HERE, free_port, manifest, wait_for

ASSETS = pathlib.Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin"))
CRD = HERE.parent.parent / "deploy" / "k8s" / "crd.yaml"

pytestmark = pytest.mark.skipif(
    not ((ASSETS / "kube-apiserver").exists() and (ASSETS / "etcd").exists() and shutil.which("kubectl")),
    reason=f"needs kubectl, and kube-apiserver and etcd in {ASSETS} (set KUBEBUILDER_ASSETS)")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """An API server of our own with the CRD in it; returns a function that runs kubectl."""
    folder = tmp_path_factory.mktemp("cluster")
    client, peer, secure = free_port(), free_port(), free_port()
    subprocess.run(["openssl", "genrsa", "-out", "sa.key", "2048"], cwd=folder, check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"], cwd=folder, check=True,
                   capture_output=True)
    (folder / "tokens.csv").write_text('admin-token,admin,1,"system:masters"\n')
    log = (folder / "log").open("w")
    processes = [subprocess.Popen(
        [ASSETS / "etcd", "--data-dir", "etcd", f"--listen-client-urls=http://127.0.0.1:{client}",
         f"--advertise-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
         "--unsafe-no-fsync"], cwd=folder, stdout=log, stderr=log)]
    processes.append(subprocess.Popen(
        [ASSETS / "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{client}", "--cert-dir=certs",
         f"--secure-port={secure}", "--insecure-port=0", "--bind-address=127.0.0.1",
         "--service-account-issuer=https://kubernetes.default", "--service-account-key-file=sa.pub",
         "--service-account-signing-key-file=sa.key", "--authorization-mode=RBAC", "--token-auth-file=tokens.csv",
         "--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount"],
        cwd=folder, stdout=log, stderr=log))

    def kubectl(*arguments, text=None):
        return subprocess.run(
            ["kubectl", f"--server=https://127.0.0.1:{secure}", "--insecure-skip-tls-verify", "--token=admin-token",
             f"--cache-dir={folder}/cache", *arguments],
            env=dict(os.environ, KUBECONFIG="/dev/null"), input=text, capture_output=True, text=True, timeout=120, check=False)

    try:
        wait_for(lambda: "the API server: " + (folder / "log").read_text()[-2000:],
                 lambda: kubectl("get", "--raw", "/readyz").stdout == "ok", timeout=120, step=0.5)
        made = kubectl("apply", "--validate=false", "-f", str(CRD))
        assert made.returncode == 0, made.stderr
        wait_for("the resource", lambda: "industrialplcs" in kubectl("api-resources").stdout, timeout=60, step=0.5)
        yield kubectl
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def holds(whole, part):
    """Whether all of `part` is in `whole`, members and elements alike."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and holds(whole[name], part[name]) for name in part)
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(holds, whole, part))
    return whole == part


def test_status_goes_through_kubectl(cluster, fabctl, repository, plc):
    device = plc({4001: 2400})
    repository.commit({
        "a.yaml": manifest("line-1", device.port, extra="  tags: [production]\n  unitId: 1\n"),
        "b.yaml": "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\nmetadata: { name: oven, labels: { zone: b } }\n"
                  f"spec:\n  deviceAddress: 127.0.0.1\n  port: {device.port}\n  registers:\n"
                  "  - { address: 4100, name: zone1, scale: 0.1, unit: °C, value: 72.5, min: 20, max: 95, maxStep: 5 }\n"
                  "  - { address: 3, table: coil, value: true }\n"
                  "  correction: { windows: [{ schedule: '0 2 * * *', durationMins: 120, timeZone: Europe/Berlin }] }\n",
    })
    for form in ("json", "yaml"):
        printed = fabctl("get-status", "--git", str(repository.path), "-o", form)
        assert printed.returncode == 0, printed.stderr
        done = cluster("apply", "--dry-run=client", "-f", "-", text=printed.stdout)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == ["industrialplc.fabgitops.io/line-1 created (dry run)",
                                           "industrialplc.fabgitops.io/oven created (dry run)"]
    # Not only the client: the server's schema takes it, and adds nothing but defaults.
    done = cluster("apply", "-f", "-", text=printed.stdout)
    assert done.returncode == 0, done.stderr
    stored = json.loads(cluster("get", "industrialplcs", "-o", "json").stdout)["items"]
    ours = json.loads(fabctl("get-status", "--git", str(repository.path), "-o", "json").stdout)["items"]
    for kept, sent in zip(stored, ours, strict=True):
        assert holds(kept["spec"], sent["spec"]), (kept["spec"], sent["spec"])


def test_a_captured_manifest_is_an_object(cluster, fabctl, plc):
    device = plc({4001: 7})
    captured = fabctl("capture", f"127.0.0.1:{device.port}", "--range", "4001-4003", "--name", "captured")
    done = cluster("apply", "-f", "-", text=captured.stdout)
    assert done.returncode == 0, done.stderr
