"""A real etcd and kube-apiserver of a test's own, with RBAC and an audit log, and an operator that does what it is told."""

import contextlib
import datetime
import http.server
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

from conftest import HERE, free_port, wait_for

ASSETS = pathlib.Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin"))
KUBECTL = shutil.which("kubectl") or str(ASSETS / "kubectl")
DEPLOY = HERE.parent.parent / "deploy" / "k8s"
IS_INSTALLED = (ASSETS / "kube-apiserver").exists() and (ASSETS / "etcd").exists() and pathlib.Path(KUBECTL).exists()
WHY_NOT = f"needs kubectl, kube-apiserver and etcd in {ASSETS} (set KUBEBUILDER_ASSETS)"

# Token: user and groups.
TOKENS = {
    "admin-token": ("admin", "system:masters"), "viewer-token": ("viewer", "viewers"),
    "syncer-token": ("syncer", "syncers"), "nobody-token": ("nobody", "nobodies"),
}


class Cluster:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.etcd = None
        self.server = None
        self.tokens = dict(TOKENS)

    # The server

    def start(self):
        client, peer = free_port(), free_port()
        for command in (["genrsa", "-out", "sa.key", "2048"], ["rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"]):
            subprocess.run(["openssl", *command], cwd=self.folder, check=True, capture_output=True)
        (self.folder / "audit.yaml").write_text(
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n")
        self.etcd_url = f"http://127.0.0.1:{client}"
        self.etcd = self.spawn(
            "etcd", "--data-dir", "etcd", f"--listen-client-urls={self.etcd_url}",
            f"--advertise-client-urls={self.etcd_url}", f"--listen-peer-urls=http://127.0.0.1:{peer}", "--unsafe-no-fsync")
        self.start_server()

    def start_server(self):
        (self.folder / "tokens.csv").write_text("".join(
            f'{token},{user},{user},"{group}"\n' for token, (user, group) in self.tokens.items()))
        self.server = self.spawn(
            "kube-apiserver", f"--etcd-servers={self.etcd_url}", "--cert-dir=certs", f"--secure-port={self.port}",
            "--insecure-port=0", "--bind-address=127.0.0.1", "--service-account-issuer=https://kubernetes.default",
            "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key",
            "--authorization-mode=RBAC", "--token-auth-file=tokens.csv", "--service-cluster-ip-range=10.0.0.0/24",
            "--disable-admission-plugins=ServiceAccount", "--audit-policy-file=audit.yaml",
            "--audit-log-path=audit.log", "--audit-log-mode=blocking")
        wait_for(lambda: "the API server: " + (self.folder / "kube-apiserver.log").read_text()[-2000:],
                 lambda: self.server.poll() is None and self.kubectl("get", "--raw", "/readyz").stdout == "ok",
                 timeout=120, step=0.3)

    def stop_server(self):
        self.server.kill()
        self.server.wait()

    def stop(self):
        for process in (self.server, self.etcd):
            if process:
                process.kill()
                process.wait()

    def spawn(self, program, *arguments):
        log = (self.folder / f"{program}.log").open("a")
        return subprocess.Popen([ASSETS / program, *arguments], cwd=self.folder, stdout=log, stderr=log)

    # Its users

    def kubeconfig(self, token="admin-token", name="plant", namespace=None):
        path = self.folder / f"kubeconfig-{token}-{name}"
        place = f", namespace: {namespace}" if namespace else ""
        path.write_text(
            f"apiVersion: v1\nkind: Config\ncurrent-context: {name}\n"
            f"clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{self.port}', "
            f"certificate-authority: {self.folder}/certs/apiserver.crt}}}}]\n"
            f"users: [{{name: u, user: {{token: {token}}}}}]\n"
            f"contexts: [{{name: {name}, context: {{cluster: c, user: u{place}}}}}]\n")
        return path

    def kubectl(self, *arguments, text=None, token="admin-token"):
        return subprocess.run(
            [KUBECTL, f"--server=https://127.0.0.1:{self.port}", "--insecure-skip-tls-verify", f"--token={token}",
             f"--cache-dir={self.folder}/cache", *arguments],
            env=dict(os.environ, KUBECONFIG="/dev/null"), input=text, capture_output=True, text=True, timeout=120,
            check=False)

    def apply(self, text):
        done = self.kubectl("apply", "-f", "-", text=text)
        assert done.returncode == 0, done.stderr

    def install(self):
        """The CRD and the roles of deploy/k8s, bound to the users above."""
        done = self.kubectl(
            "apply", "--validate=false", "-f", str(DEPLOY / "crd.yaml"), "-f", str(DEPLOY / "rbac.yaml"))
        assert done.returncode == 0, done.stderr
        self.apply("\n---\n".join([
            binding("ClusterRoleBinding", "viewers", "ClusterRole", "fabgitops-viewer", "viewers"),
            binding("RoleBinding", "viewers", "Role", "fabgitops-stream-viewer", "viewers", "fabgitops-system"),
            binding("ClusterRoleBinding", "syncers", "ClusterRole", "fabgitops-syncer", "syncers"),
            binding("RoleBinding", "syncers", "Role", "fabgitops-holder", "syncers", "fabgitops-system"),
        ]))
        wait_for("the resource", lambda: "industrialplcs" in self.kubectl("api-resources").stdout, timeout=60, step=0.3)

    def request(self, method, path, body=None, content="application/merge-patch+json"):
        context = ssl._create_unverified_context()
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", data=data, method=method,
            headers={"Authorization": "Bearer admin-token", "Content-Type": content})
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return json.load(answer)

    def audit(self, user):
        """What a user asked for: (verb, resource or path, code)."""
        found = []
        for line in (self.folder / "audit.log").read_text().splitlines():
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if event["user"]["username"] == user:
                    what = event.get("objectRef", {}).get("resource") or event["requestURI"]
                    found.append((event["verb"], what, event.get("responseStatus", {}).get("code")))
        return found

    # PLCs as an operator would tell of them

    def plc(self, name, namespace="default", desired=2500, port=502, labels="zone: a", extra=""):
        return (
            "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
            f"metadata: {{ name: {name}, namespace: {namespace}, labels: {{ {labels} }} }}\n"
            f"spec:\n  deviceAddress: 192.0.2.10\n  port: {port}\n  targetRegister: 4001\n  targetValue: {desired}\n"
            f"  pollIntervalSecs: 1\n{extra}")

    def tell(self, name, actual, desired=2500, namespace="default", **fields):
        """Writes the status that an operator would write."""
        in_sync = actual == desired
        stamp = now()
        status = {
            "phase": "Connected" if in_sync else "DriftDetected", "currentValue": actual, "inSync": in_sync,
            "driftEvents": 1, "correctionsApplied": 1, "lastUpdate": stamp,
            "message": "in sync" if in_sync else f"drifted: holding-4001 is {actual}, desired {desired}",
            "observedGeneration": 1,
            "registers": [{"name": "holding-4001", "desired": desired, "actual": actual, "raw": [actual],
                           "inSync": in_sync, "lastReadTime": stamp, "driftEvents": 1, "corrections": 1}],
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "Polling", "message": "in sync", "lastTransitionTime": stamp},
                {"type": "InSync", "status": str(in_sync), "reason": "AsDesired" if in_sync else "Drifted",
                 "message": "x", "lastTransitionTime": stamp},
                {"type": "Reachable", "status": "True", "reason": "Answering", "message": "it answers",
                 "lastTransitionTime": stamp},
            ],
            "source": {"revision": "main@sha1:0123456789abcdef0123456789abcdef01234567", "author": "Anna Ops", "time": stamp},
        }
        status.update(fields)
        path = f"/apis/fabgitops.io/v1/namespaces/{namespace}/industrialplcs/{name}/status"
        self.request("PATCH", path, {"status": status})


def binding(kind, name, role_kind, role, group, namespace=None):
    place = f", namespace: {namespace}" if namespace else ""
    return (
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{ name: {name}{place} }}\n"
        f"roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: {role_kind}, name: {role} }}\n"
        f"subjects: [{{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: {group} }}]\n")


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def own_address():
    """An address of this machine that the API server's proxy may connect to: not the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
            return None if address.startswith("127.") else address
    return None


class ScriptedOperator:
    """The read-only API with what a test puts into it."""

    def __init__(self):
        self.port = free_port()
        self.lines = []
        self.header = {"type": "fleet", "sequence": 1, "mode": "control", "gates": {"leading": True},
                       "source": {"origin": "plant", "revision": "main@sha1:0123456789", "author": "Anna Ops",
                                  "subject": "Warm up", "state": "good"},
                       "health": {"pollLagSeconds": 0, "pollsPerSecond": 1, "connections": 1, "problems": []},
                       "totals": {"devices": 1, "byStatus": {}}}
        self.devices = {}
        self.changed = threading.Condition()
        self.stopped = False
        self.streams = 0
        operator = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                operator.answer(self)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("0.0.0.0", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler):
        if handler.path.endswith("/stream"):
            return self.stream(handler)
        # As an operator of before there were brief streams: 400.
        status = 400 if "/stream?" in handler.path else 404
        if "/history" in handler.path:
            name = handler.path.split("/")[-2]
            at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
            stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            body = {"namespace": "default", "name": name, "register": "holding-4001", "from": stamp, "to": stamp,
                    "samples": [{"at": stamp, "min": 2400, "mean": 2400, "max": 2400}],
                    "states": [{"at": stamp, "status": "Drifted"}],
                    "marks": [{"at": stamp, "kind": "drift", "text": "before anybody attached"}]}
        elif "/provenance" in handler.path:
            body = {"namespace": "default", "name": handler.path.split("/")[-2], "registers": [
                {"register": "holding-4001", "commit": "feedfacefeedface", "author": "Ben Controls", "time": now(),
                 "subject": "Warm up zone 1", "file": "plant/line-1.yaml", "line": 7}]}
        else:
            body = {"error": "there is nothing here"}
        data = json.dumps(body).encode()
        handler.send_response(200 if "error" not in body else status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def stream(self, handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-ndjson")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        self.streams += 1

        def write(*objects):
            data = "".join(json.dumps(item) + "\n" for item in objects).encode()
            handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            handler.wfile.flush()

        with contextlib.suppress(OSError):
            with self.changed:
                told = dict(self.devices)
                lines = len(self.lines)
                write(self.header, *told.values(), *self.lines, {"type": "synced", "sequence": 1})
            while not self.stopped:
                with self.changed:
                    if not self.changed.wait(1):
                        write({"type": "ping"})
                        continue
                    news = [item for name, item in self.devices.items() if told.get(name) != item]
                    gone = [{"type": "removed", "namespace": told[name]["namespace"], "name": told[name]["name"]}
                            for name in told if name not in self.devices]
                    header = dict(self.header, at=stamp_ms())
                    write(header, *news, *gone, *self.lines[lines:])
                    told, lines = dict(self.devices), len(self.lines)

    def tell(self, name, actual, desired=2500, namespace="default", **fields):
        drifted = actual != desired
        with self.changed:
            self.devices[f"{namespace}/{name}"] = {
                "type": "device", "namespace": namespace, "name": name, "address": "192.0.2.10", "port": 502,
                "unitId": 1, "pollIntervalSeconds": 1, "autoCorrect": True, "tags": [], "labels": {"zone": "a"},
                "phase": "DriftDetected" if drifted else "Connected", "status": "Drifted" if drifted else "InSync",
                "message": "drifted" if drifted else "in sync", "driftEvents": 2, "corrections": 1,
                "lastRead": stamp_ms(), "stale": False, "uncertain": False, "failures": 0,
                "registers": [{
                    "name": "holding-4001", "address": 4001, "table": "holding", "type": "uint16", "unit": "",
                    "desired": desired, "tolerance": 0, "actual": actual, "raw": [actual], "lastRead": stamp_ms(),
                    "inSync": not drifted, "driftEvents": 2, "corrections": 1, "contested": False,
                    "writeBudgetLeft": 57, "refusals": [
                        {"gate": 6, "reason": "OutsideWindow", "explanation": "outside the correction window"}
                    ] if drifted else []}], **fields}
            self.changed.notify_all()

    def event(self, reason, message, name, severity="warning"):
        with self.changed:
            self.lines.append({"type": "event", "sequence": len(self.lines) + 1, "at": stamp_ms(), "severity": severity,
                               "namespace": "default", "name": name, "reason": reason, "message": message})
            self.changed.notify_all()

    def remove(self, name, namespace="default"):
        with self.changed:
            del self.devices[f"{namespace}/{name}"]
            self.changed.notify_all()

    def publish(self, cluster, address):
        """A Service whose one pod is this process: the API server proxies to addresses of pods only."""
        space = "fabgitops-system"
        cluster.apply(
            f"apiVersion: v1\nkind: Pod\nmetadata: {{ name: scripted, namespace: {space} }}\n"
            "spec: { containers: [{ name: operator, image: none }] }\n---\n"
            f"apiVersion: v1\nkind: Service\nmetadata:\n  name: fabgitops-operator\n  namespace: {space}\n"
            "  labels: { fabgitops.io/api: operator }\nspec:\n  ports: [{ name: http, port: 8080 }]\n")
        cluster.request("PATCH", f"/api/v1/namespaces/{space}/pods/scripted/status",
                        {"status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}})
        cluster.apply(
            f"apiVersion: v1\nkind: Endpoints\nmetadata: {{ name: fabgitops-operator, namespace: {space} }}\n"
            f"subsets: [{{ addresses: [{{ ip: {address}, targetRef: {{ kind: Pod, name: scripted, namespace: {space} }} }}],"
            f" ports: [{{ name: http, port: {self.port} }}] }}]\n")

    def stop(self):
        self.stopped = True
        self.server.shutdown()
        self.server.server_close()


def stamp_ms():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
