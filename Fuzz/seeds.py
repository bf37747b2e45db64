"""Starting points for what people and servers write: the repository's own samples, and one of each kind."""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: plant
clusters:
- name: plant
  cluster: {server: "https://[fd00::1]:6443/k8s/", certificate-authority-data: TUlJ, tls-server-name: k.example, proxy-url: "socks5://u:p@h:1"}
- name: open
  cluster: {server: "http://h", insecure-skip-tls-verify: true}
users:
- name: engineer
  user: {client-certificate: a.crt, client-key: /b.key, token: s3cret, as: x, as-groups: [a], as-user-extra: {r: [n]}}
- name: plugin
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./p, args: [a], env: [{name: A, value: B}], provideClusterInfo: true, interactiveMode: Never}}
- name: basic
  user: {username: u, password: p, tokenFile: t}
contexts:
- name: plant
  context: {cluster: plant, user: engineer, namespace: line-1}
- name: other
  context: {cluster: open, user: plugin}
"""

CONTEXTS = """# a comment
current-context: plant
contexts:
- name: plant
  git: '/srv/it''s here'
  ref: main
  path: lines
  git-interval: 30
  require-signed: true
- name: "quoted \\\\ \\""
  kubeconfig: /k
  kube-context: c
  namespace: n
"""

PREFERENCES = """theme: isa101
sort: status
group: zone
filter: "status:drift -tag:x"
columns: [name, actual]
span: 1h
fps: 10
mouse: false
ascii: true
keys: {quit: q, sync: [s, C-s, F5], hold: H}
"""

THEME = """name: mine
summary: A theme
dark: true
palette: {ink: "#112233", sea: "#abc"}
roles:
  text: {fg: ink, bg: "#000000", attributes: [bold, underline]}
  alarm: {fg: sea, palette: 196, reverse: true}
"""

MAP = """name: oven
identity: {vendorName: A, productCode: B, revision: "1"}
registers:
- {name: a, address: 1, type: float32, order: CDAB, value: 1.5, behaviour: sine, unit: C}
- {name: b, address: 0x10, table: coil, value: true}
- {name: c, address: 20, type: string, length: 4, value: "text"}
- {name: d, address: 30, type: bool, bit: 3}
- {name: e, address: 40, type: int16, scale: 0.1, offset: 5, min: 1, max: 9, behaviour: {kind: firstOrder, follows: a, tau: 5s}}
ranges: [{table: input, from: 0, to: 9}]
faults: latency=20ms drop=0.1@2-5
units: [{ids: 1-3, registers: [{name: z, address: 9}]}]
"""

SCRIPT = """- {at: 1s, set: {register: a, value: 5}}
- {at: 2s, every: 500ms, until: 10s, plc: 1, unit: 3, rival: {address: 7, table: holding, type: uint32, value: 9}}
- {at: 3, fault: "hang=0.5,late=1"}
- {at: 4m, clear: all}
- {at: 5, reboot: {down: 3s}}
- {at: 6, disconnect: true}
"""

CRONS = ["*/15 6-22 * * mon-fri", "0 2 29 feb *", "5,35 0 1-7 jan,jul 7", "59 23 31 12 0", "0 */2 */10 * sun"]

QUERIES = ["register\0temp\0from\0002026-01-02T03:04:05Z\0to\0002026-01-02T04:04:05.5+02:00\0maxPoints\00010000",
           "from\0002026-06-30T23:59:60-23:59", "x\0y"]

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def plc(name):
    return {"apiVersion": "fabgitops.io/v1", "kind": "IndustrialPLC",
            "metadata": {"name": name, "namespace": "n", "uid": "u", "resourceVersion": "5", "generation": 2,
                         "creationTimestamp": "2026-01-02T03:04:05Z", "labels": {"zone": "a"},
                         "annotations": {"fabgitops.io/last-sync-request": "1", "fabgitops.io/force-sync": "true",
                                         "fabgitops.io/shelves": '[{"by":"a","reason":"r","until":"2030-01-02T03:04:05Z"}]',
                                         "fabgitops.io/source-revision": "main@sha1:0"}},
            "spec": {"deviceAddress": "192.0.2.1", "pollIntervalSecs": 5,
                     "registers": [{"name": "s", "address": 1, "type": "float32", "value": 1.5, "min": 0, "max": 9}]},
            "status": {"phase": "Connected", "driftEvents": 3, "correctionsApplied": 2, "observedGeneration": 2,
                       "lastUpdate": "2026-01-02T03:04:05Z", "lastHandledSyncRequest": "1",
                       "registers": [{"name": "s", "desired": 1.5, "actual": 1.4, "raw": [1, 2], "inSync": False,
                                      "lastDriftTime": "2026-01-02T03:04:05Z"}],
                       "conditions": [{"type": "Ready", "status": "True", "reason": "Stale", "message": "m",
                                       "lastTransitionTime": "2026-01-02T03:04:05Z"}]}}


def watch():
    lines = [{"type": "ADDED", "object": plc("a")}, {"type": "MODIFIED", "object": plc("b")},
             {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}},
             {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old",
                                          "details": {"causes": [{"field": "f", "message": "m"}], "retryAfterSeconds": 3}}},
             {"type": "ADDED", "object": {"metadata": {"name": "e"}, "involvedObject": {"name": "a", "namespace": "n"},
                                          "reason": "Contested", "type": "Warning", "count": 3, "message": "m",
                                          "lastTimestamp": "2026-01-02T03:04:05Z"}},
             {"type": "DELETED", "object": {"metadata": {"name": "l"}, "spec": {
                 "holderIdentity": "x", "leaseDurationSeconds": 15, "leaseTransitions": 1,
                 "acquireTime": "2026-01-02T03:04:05.000000Z", "renewTime": "2026-01-02T03:04:05.000000Z"}}}]
    return [json.dumps(line, separators=(",", ":")).encode() + b"\r\n" for line in lines]


def stream():
    device = {"type": "device", "namespace": "n", "name": "d", "address": "h", "port": 502, "unitId": 1,
              "pollIntervalSeconds": 5, "timeoutSeconds": 1, "autoCorrect": True, "tags": ["t"], "labels": {"a": "b"},
              "phase": "Connected", "status": "Drifted", "driftEvents": 1, "corrections": 2, "message": "m",
              "lastRead": "2026-01-02T03:04:05Z", "failures": 2, "retryAt": "2026-01-02T03:04:05Z",
              "shelf": {"by": "a", "since": "2026-01-02T03:04:05Z", "until": "2030-01-02T03:04:05Z", "reason": "r"},
              "registers": [{"name": "s", "address": 1, "table": "holding", "type": "uint32", "order": "CDAB", "raw": [1, 2],
                             "desired": 7, "actual": 6, "inSync": False, "tolerance": 1, "scale": 1, "min": 0, "max": 9,
                             "refusals": [{"gate": 6, "reason": "window", "explanation": "e"}],
                             "writeWear": {"written": 1, "endurance": 100, "perDay": 2.5}, "writeBudgetLeft": 3,
                             "lastOutcome": {"result": "reverted", "actual": 5, "afterSeconds": 0.8},
                             "source": {"file": "f", "line": 3}}]}
    fleet = {"type": "fleet", "at": "2026-01-02T03:04:05Z", "mode": "control",
             "source": {"state": "invalid", "origin": "o", "revision": "main@sha1:0", "invalidRevision": "x", "problems": ["p"]},
             "gates": {"leading": True, "leader": "l", "hold": {"by": "a", "since": "2026-01-02T03:04:05Z", "reason": "r"}},
             "health": {"pollLagSeconds": 0.1, "pollsPerSecond": 10, "connections": 3, "problems": ["p"]}}
    event = {"type": "event", "sequence": 4, "at": "2026-01-02T03:04:05Z", "severity": "alarm", "namespace": "n", "name": "d",
             "register": "s", "reason": "DriftDetected", "message": "m"}
    history = {"namespace": "n", "name": "d", "register": "s", "samples": [{"at": "2026-01-02T03:04:05Z", "mean": 1, "min": 0}],
               "states": [{"at": "2026-01-02T03:04:05Z", "status": "InSync"}],
               "marks": [{"at": "2026-01-02T03:04:05Z", "kind": "drift", "text": "t"}]}
    lines = [fleet, device, event, {"type": "synced"}, {"type": "removed", "namespace": "n", "name": "d"}, {"type": "ping"}]
    whole = b"\n".join(json.dumps(line, separators=(",", ":")).encode() for line in lines)
    small = {"type": "device", "number": 3, "namespace": "n", "name": "d", "status": "InSync", "lastRead": "2026-01-02T03:04:05Z",
             "registers": [{"name": "s", "type": "uint16", "raw": [1], "actual": 1, "lastRead": "2026-01-02T03:04:05Z"}]}
    reads = {"type": "reads", "at": "2026-01-02T03:04:06Z", "devices": [3, -500]}
    brief = [small, reads, dict(reads, devices=[3, 0], words=[[3, 0, 2]]), dict(small, name="e", number=4),
             dict(reads, devices=[3, 9, 4, 10]), {"type": "removed", "namespace": "n", "name": "d"}, dict(reads, devices=[4, 99])]
    brief = b"\n".join(json.dumps(line, separators=(",", ":")).encode() for line in brief)
    return [whole, *whole.split(b"\n"), brief, *brief.split(b"\n"), json.dumps(history).encode()]


def git():
    manifest = (ROOT / "deploy/k8s/samples/line.yaml").read_bytes()
    tree = b"".join(
        f"{mode} {kind} {COMMIT} {size:>7}\t{name}\0".encode()
        for mode, kind, size, name in [("100644", "blob", len(manifest), "a.yaml"), ("120000", "blob", "9", "l.yaml"),
                                       ("160000", "commit", "-", "m.yaml"), ("100755", "blob", "2000000", "b/c.json")])
    log = "\0".join([COMMIT, "An Author", "a@example.org", "1700000000", "1700000001", "Subject"]).encode()
    batch = f"{COMMIT} blob {len(manifest)}\n".encode() + manifest + b"\n"
    blame = (f"{COMMIT} 1 1 2\nauthor A\nauthor-time 1700000000\nsummary S\n\tkind: x\n{COMMIT} 2 2\n\tport: 1\n").encode()
    joined = b"\xff\xfe".join([b"", COMMIT.encode() + b"\n", log, tree, batch])
    return [joined, joined[2:], tree, blame, batch, b"\xfdfatal: bad object " + COMMIT.encode(), b"\xfderror: x\nfatal: y"]


KEYS = [b"\x00abc\x1b[A\x1b[1;5C\x1bOP\x1b[15~\x1b[[A", b"\x02\x1b[<0;10;5M\x1b[<0;10;5m\x1b[M !!\x1b[<64;1;1M",
        b"\x04\x1bx\x1b\x1b[Z\x1b[27u\x1b[200~pasted \x1b[31m\r\n text\x1b[201~q", b"\x01\xe4\xf6\x9b\x8f", b"\x08\x1b[1~\x1bOPQ\xc3\xa4\xe2\x82\xac"]

SCREENS = ["\x14plain words, cut where it is too wide", "\x20\u4e2d\u6587 wide \U0001f1e9\U0001f1ea \U0001f468\u200d\U0001f469 e\u0301\u0302\u0303",
           "\x28\x1b[31m\u202eright\u2066 \x9b2J\u200b\ufeff\n\tx", "\x05\u0301\u0301a\u115f\u3164\ufff9"]


def texts(*patterns):
    return [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.stat().st_size <= 6000]


def cron(words):
    return bytes([0, 1, 2, 3, 1, 30]) + words.encode()


SEEDS = {
    "manifest": lambda: texts("Tests/ManifestTests/Wrong/*", "Tests/ManifestTests/Samples/*", "deploy/k8s/samples/*",
                              "deploy/compose/plant/*"),
    "cron": lambda: [cron(words) for words in CRONS],
    "kubeconfig": lambda: [KUBECONFIG.encode()],
    "contexts": lambda: [CONTEXTS.encode()],
    "theme": lambda: [THEME.encode(), *texts("themes/*.yaml")],
    "preferences": lambda: [PREFERENCES.encode()],
    "map": lambda: [MAP.encode(), *texts("Tests/MockPLCTests/Goldens/*.yaml")],
    "script": lambda: [SCRIPT.encode()],
    "faults": lambda: [b"latency=20ms\xc2\xb15ms hang@3 drop=0.1@2-5", b"exception=0.2:4,late=1,junk=0.1,split,busy=0.3", b"1-16,3,7"],
    "json": lambda: [json.dumps(plc("a")).encode(), b'[1,-2.5e+3,"\\ud83d\\ude00\\u0000\\n",null,true,{"a":[]}]'],
    "watch": lambda: [b"".join(watch()), *watch()],
    "admission": lambda: [json.dumps({"kind": "AdmissionReview", "request": {
        "uid": "u", "name": "a", "namespace": "n", "object": plc("a"), "oldObject": plc("b")}}).encode()],
    "stream": stream,
    "git": git,
    "query": lambda: [query.encode() for query in QUERIES],
    "keys": lambda: KEYS,
    "screen": lambda: [screen.encode() for screen in SCREENS],
}
