"""A kube-apiserver and an etcd of the tests' own, with RBAC and an audit log, and the operator's programs around it."""

import base64
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from conftest import BIN, HERE, free_port, wait_for

ASSETS = pathlib.Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin"))
DEPLOY = HERE.parent.parent / "deploy" / "k8s"
SYSTEM = "fabgitops-system"

MISSING = None if (
    (ASSETS / "kube-apiserver").exists() and (ASSETS / "etcd").exists() and shutil.which("kubectl")
) else f"needs kubectl, and kube-apiserver and etcd in {ASSETS} (set KUBEBUILDER_ASSETS)"

# Every write, by whom: what the tests about permissions and rates read. Reads of the watchers are told, too.
AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
  userGroups: ["system:serviceaccounts"]
- level: None
"""


class Cluster:
    """Users are service accounts `token-NAMESPACE-NAME`; `admin-token` may do everything."""

    ACCOUNTS = ("operator", "viewer", "syncer", "holder", "nobody")

    def __init__(self, folder, arguments=()):
        self.folder = pathlib.Path(folder)
        self.etcd_port, self.port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.audit = self.folder / "audit.log"
        self.arguments = list(arguments)
        self.processes = {}
        for command in (["genrsa", "-out", "sa.key", "2048"], ["rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"]):
            subprocess.run(["openssl", *command], cwd=self.folder, check=True, capture_output=True)
        lines = ['admin-token,admin,1,"system:masters"']
        for number, name in enumerate(self.ACCOUNTS):
            account = f"fabgitops-{name}" if name == "operator" else name
            lines.append(
                f'{name}-token,system:serviceaccount:{SYSTEM}:{account},{number + 2},'
                f'"system:serviceaccounts,system:serviceaccounts:{SYSTEM},system:authenticated"')
        (self.folder / "tokens.csv").write_text("\n".join(lines) + "\n")
        (self.folder / "policy.yaml").write_text(AUDIT_POLICY)
        self.log = (self.folder / "log").open("a")

    # Its life

    def start(self):
        peer = free_port()
        client = f"http://127.0.0.1:{self.etcd_port}"
        self.processes["etcd"] = subprocess.Popen(
            [ASSETS / "etcd", "--data-dir", "etcd", f"--listen-client-urls={client}",
             f"--advertise-client-urls={client}", f"--listen-peer-urls=http://127.0.0.1:{peer}", "--unsafe-no-fsync"],
            cwd=self.folder, stdout=self.log, stderr=self.log)
        self.start_server()
        return self

    def start_server(self):
        self.processes["server"] = subprocess.Popen(
            [ASSETS / "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{self.etcd_port}", "--cert-dir=certs",
             f"--secure-port={self.port}", "--insecure-port=0", "--bind-address=127.0.0.1",
             "--service-account-issuer=https://kubernetes.default", "--service-account-key-file=sa.pub",
             "--service-account-signing-key-file=sa.key", "--authorization-mode=RBAC",
             "--token-auth-file=tokens.csv", "--service-cluster-ip-range=10.0.0.0/24",
             "--disable-admission-plugins=ServiceAccount", "--audit-policy-file=policy.yaml",
             f"--audit-log-path={self.audit}", "--audit-log-mode=batch", "--audit-log-batch-max-wait=200ms",
             *self.arguments],
            cwd=self.folder, stdout=self.log, stderr=self.log)
        wait_for(lambda: "the API server: " + (self.folder / "log").read_text()[-2000:],
                 lambda: self.kubectl("get", "--raw", "/readyz").stdout == "ok", timeout=180, step=0.3)

    def stop_server(self):
        self.kill("server")

    def kill(self, name):
        if process := self.processes.pop(name, None):
            process.kill()
            process.wait()

    def stop(self):
        self.kill("server")
        self.kill("etcd")

    def compact(self):
        """Makes etcd forget all history."""
        def call(path, body):
            request = urllib.request.Request(f"http://127.0.0.1:{self.etcd_port}/v3/{path}", json.dumps(body).encode())
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        revision = call("kv/range", {"key": "AA=="})["header"]["revision"]
        try:
            call("kv/compaction", {"revision": revision, "physical": True})
        except urllib.error.HTTPError as error:
            # Nothing has happened since the last time.
            if "has been compacted" not in error.read().decode():
                raise

    def install(self):
        """What deploy/k8s says, and bindings for the users of the tests."""
        self.must("apply", "--validate=false", "-f", str(DEPLOY / "crd.yaml"))
        wait_for("the resource", lambda: "industrialplcs" in self.kubectl("api-resources").stdout, step=0.3)
        self.apply((DEPLOY / "rbac.yaml").read_text())
        for role, users in {"viewer": ["viewer"], "syncer": ["syncer"]}.items():
            for user in users:
                self.must("create", "clusterrolebinding", user, f"--clusterrole=fabgitops-{role}",
                          f"--serviceaccount={SYSTEM}:{user}")
        self.must("create", "rolebinding", "holder", f"-n{SYSTEM}", "--role=fabgitops-holder",
                  f"--serviceaccount={SYSTEM}:holder")
        self.must("create", "rolebinding", "stream", f"-n{SYSTEM}", "--role=fabgitops-stream-viewer",
                  f"--serviceaccount={SYSTEM}:viewer")
        return self

    # kubectl

    def kubeconfig(self, user="admin"):
        file = self.folder / f"kubeconfig-{user}"
        if not file.exists():
            file.write_text(json.dumps({
                "apiVersion": "v1", "kind": "Config", "current-context": "test",
                "clusters": [{"name": "test", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}],
                "users": [{"name": user, "user": {"token": f"{user}-token"}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": user, "namespace": "default"}}],
            }))
        return str(file)

    def kubectl(self, *arguments, text=None, user="admin", timeout=120):
        return subprocess.run(
            ["kubectl", f"--kubeconfig={self.kubeconfig(user)}", f"--cache-dir={self.folder}/cache", *arguments],
            input=text, capture_output=True, text=True, timeout=timeout, check=False)

    def must(self, *arguments, **options):
        done = self.kubectl(*arguments, **options)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def apply(self, text, user="admin"):
        return self.must("apply", "-f", "-", text=text, user=user)

    def get(self, name=None, namespace="default"):
        if name:
            return json.loads(self.must("get", "plc", name, "-n", namespace, "-o", "json"))
        return json.loads(self.must("get", "plc", "-n", namespace, "-o", "json"))["items"]

    def status(self, name, namespace="default"):
        return self.get(name, namespace).get("status", {})

    def events(self, name=None, reason=None, namespace="default"):
        items = json.loads(self.must("get", "events", "-n", namespace, "-o", "json"))["items"]
        return [item for item in items if name in (None, item["involvedObject"].get("name"))
                and reason in (None, item["reason"])]

    def patch_status(self, path, status):
        """A status that kubectl of this age cannot patch."""
        request = urllib.request.Request(
            f"{self.url}{path}/status", json.dumps({"status": status}).encode(), method="PATCH",
            headers={"Authorization": "Bearer admin-token", "Content-Type": "application/merge-patch+json"})
        with urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=30) as answer:
            return json.load(answer)

    # What the API server saw

    def audit_lines(self, user=None):
        time.sleep(0.5)
        found = []
        for line in self.audit.read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if user in (None, entry["user"]["username"].rsplit(":", 1)[-1]):
                found.append(entry)
        return found


class Operator:
    """One run of fabgitops-operator."""

    def __init__(self, cluster, folder, *arguments, user="operator", http=True, host="127.0.0.1"):
        self.host = host
        self.name = f"operator-{free_port()}"
        self.file = pathlib.Path(folder) / f"{self.name}.log"
        environment = dict(os.environ, XDG_STATE_HOME=str(pathlib.Path(folder) / self.name), POD_NAME=self.name)
        command = [str(BIN / "fabgitops-operator"), "--kubeconfig", cluster.kubeconfig(user),
                   "--lease-namespace", SYSTEM, *arguments]
        if http:
            command += ["--http", f"{host}:0"]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self.file.open("w"))

    @property
    def log(self):
        return self.file.read_text()

    def corrections(self, plc):
        """How often it says to have corrected a PLC."""
        return len(re.findall(rf"Corrected .* plc={plc} ", self.log))

    def wait(self, text, timeout=60):
        def found():
            assert self.process.poll() is None or text in self.log, f"it ended: {self.log[-3000:]}"
            return text in self.log
        wait_for(lambda: f"{text!r} in the operator's log:\n{self.log[-3000:]}", found, timeout)
        return self

    def port(self):
        self.wait("Serving metrics")
        return int(re.search(r"Serving metrics.*port=(\d+)", self.log).group(1))

    def http(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.port()}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def publish(self, cluster, service="fabgitops-operator"):
        """A Service whose one pod is this process: the API server proxies to addresses of pods only."""
        labels = "{ fabgitops.io/api: operator }"
        cluster.apply(
            f"apiVersion: v1\nkind: Pod\nmetadata: {{ name: {service}, namespace: {SYSTEM} }}\n"
            "spec: { containers: [{ name: operator, image: none }] }\n---\n"
            f"apiVersion: v1\nkind: Service\nmetadata: {{ name: {service}, namespace: {SYSTEM}, labels: {labels} }}\n"
            "spec: { ports: [{ name: http, port: 8080 }] }\n")
        cluster.patch_status(f"/api/v1/namespaces/{SYSTEM}/pods/{service}", {
            "phase": "Running", "podIP": self.host, "podIPs": [{"ip": self.host}]})
        cluster.apply(
            f"apiVersion: v1\nkind: Endpoints\nmetadata: {{ name: {service}, namespace: {SYSTEM} }}\n"
            f"subsets: [{{ addresses: [{{ ip: {self.host}, targetRef: {{ kind: Pod, name: {service}, namespace: {SYSTEM} }} }}],"
            f" ports: [{{ name: http, port: {self.port()} }}] }}]\n")

    def unpublish(self, cluster, service="fabgitops-operator"):
        cluster.kubectl("delete", "-n", SYSTEM, f"svc/{service}", f"pod/{service}", "--grace-period=0", "--force")

    def metric(self, name):
        """Sum over all series of a metric."""
        lines = [line for line in self.http("/metrics")[1].splitlines() if re.match(rf"{name}[ {{]", line)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """Asks for an orderly end; returns the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        return time.monotonic() - began


class Fleet:
    """mock-plc, and what was written to it."""

    def __init__(self, folder, count, *arguments, value=2500):
        self.port = self._free_run(count)
        self.file = pathlib.Path(folder) / f"mock-{self.port}.log"
        self.process = subprocess.Popen(
            [str(BIN / "mock-plc"), "--port", str(self.port), "--count", str(count), "--value", str(value), *arguments],
            stdin=subprocess.DEVNULL, stdout=self.file.open("w"), stderr=subprocess.STDOUT)
        wait_for(lambda: f"mock-plc: {self.file.read_text()[-500:]}", lambda: "listening on" in self.file.read_text())

    @staticmethod
    def _free_run(count):
        """A run of ports that nobody has now, below those that connections get by themselves."""
        import random
        import socket
        for _ in range(200):
            first = random.randrange(20000, 32000 - count)
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    try:
                        probe.bind(("127.0.0.1", port))
                    except OSError:
                        break
            else:
                return first
        raise AssertionError("no run of free ports")

    def writes(self):
        """Each write a client made: plc name, connection number, time in seconds."""
        found = []
        for line in self.file.read_text().splitlines():
            fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
            if fields.get("event") == "write":
                found.append(fields)
        return found

    def stop(self):
        self.process.kill()
        self.process.wait()


def plc_yaml(name, port, value=2500, poll=1, extra="", register=4001, namespace="default"):
    return (
        "---\napiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
        f"metadata: {{ name: {name}, namespace: {namespace}, labels: {{ zone: a }} }}\n"
        f"spec:\n  deviceAddress: 127.0.0.1\n  port: {port}\n  targetRegister: {register}\n"
        f"  targetValue: {value}\n  pollIntervalSecs: {poll}\n{extra}")


def condition(status, kind):
    return next((item for item in status.get("conditions", []) if item["type"] == kind), {})


def write_register(port, address, value):
    """As somebody at the device's own panel would."""
    done = subprocess.run(
        ["mbpoll", "-0", "-m", "tcp", "-p", str(port), "-a", "1", "-r", str(address), "127.0.0.1", str(value)],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def certificate(folder, host="127.0.0.1"):
    """A webhook's certificate and its own authority, base64, for caBundle."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}",
         "-addext", f"subjectAltName=IP:{host}", "-keyout", "tls.key", "-out", "tls.crt"],
        cwd=folder, check=True, capture_output=True)
    return base64.b64encode((folder / "tls.crt").read_bytes()).decode()
