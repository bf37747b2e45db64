"""A real etcd and kube-apiserver of a test's own, with RBAC on."""

import os
import pathlib
import socket
import subprocess
import time

ASSETS = pathlib.Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin"))


def is_installed():
    return (ASSETS / "kube-apiserver").exists() and (ASSETS / "etcd").exists()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class APIServer:
    """Started by `start`, ended by `stop`; `kubectl` runs kubectl as its administrator."""

    # Token: user and groups.
    TOKENS = {"admin-token": ("admin", "system:masters")}

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.processes = []
        self.port = free_port()

    @property
    def kubeconfig(self):
        return self.folder / "kubeconfig"

    def start(self):
        client, peer = free_port(), free_port()
        for command in (["genrsa", "-out", "sa.key", "2048"], ["rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"]):
            subprocess.run(["openssl", *command], cwd=self.folder, check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text("".join(
            f'{token},{user},{user},"{group}"\n' for token, (user, group) in self.TOKENS.items()))
        self.spawn("etcd", "--data-dir", "etcd", f"--listen-client-urls=http://127.0.0.1:{client}",
                   f"--advertise-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
                   "--unsafe-no-fsync")
        self.spawn("kube-apiserver", f"--etcd-servers=http://127.0.0.1:{client}", "--cert-dir=certs",
                   f"--secure-port={self.port}", "--insecure-port=0", "--bind-address=127.0.0.1",
                   "--service-account-issuer=https://kubernetes.default", "--service-account-key-file=sa.pub",
                   "--service-account-signing-key-file=sa.key", "--authorization-mode=RBAC",
                   "--token-auth-file=tokens.csv", "--service-cluster-ip-range=10.0.0.0/24",
                   "--disable-admission-plugins=ServiceAccount")
        self.kubeconfig.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n"
            f"clusters: [{{name: test, cluster: {{server: 'https://127.0.0.1:{self.port}', "
            "insecure-skip-tls-verify: true}}]\n"
            "users: [{name: admin, user: {token: admin-token}}]\n"
            "contexts: [{name: test, context: {cluster: test, user: admin}}]\n")
        self.wait("the API server", lambda: self.kubectl("get", "--raw", "/readyz").stdout == "ok")

    def spawn(self, program, *arguments):
        log = (self.folder / f"{program}.log").open("w")
        self.processes.append(subprocess.Popen([ASSETS / program, *arguments], cwd=self.folder, stdout=log, stderr=log))

    def wait(self, what, condition, timeout=120):
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"{what} is not there:\n" + self.log()
            assert all(process.poll() is None for process in self.processes), self.log()
            time.sleep(0.3)

    def log(self):
        return "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))

    def kubectl(self, *arguments, text=None):
        return subprocess.run(
            ["kubectl", f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.folder}/cache", *arguments],
            input=text, capture_output=True, text=True, timeout=120, check=False)

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
