"""The restricted profile of the Kubernetes Pod Security Standards, for a pod's spec.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = {"RuntimeDefault", "Localhost"}


def pod_specs(document):
    """The pod specs of an object, with where they are."""
    kind = document.get("kind")
    name = f"{kind} {document.get('metadata', {}).get('name')}"
    if kind == "Pod":
        yield name, document["spec"]
    elif kind in ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet"):
        yield name, document["spec"]["template"]["spec"]
    elif kind == "CronJob":
        yield name, document["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def violations(spec):
    """Every rule of the profile that the spec breaks, in words."""
    pod = spec.get("securityContext", {})
    for field in ("hostPID", "hostIPC", "hostNetwork"):
        if spec.get(field):
            yield f"{field} is on"
    for volume in spec.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUMES:
            yield f"volume {volume['name']} is {kinds}"
    if pod.get("sysctls"):
        yield "sysctls are set"
    for container in spec.get("containers", []) + spec.get("initContainers", []) + spec.get("ephemeralContainers", []):
        own = container.get("securityContext", {})
        name = container["name"]
        if own.get("privileged"):
            yield f"{name}: privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: allowPrivilegeEscalation is not false"
        capabilities = own.get("capabilities", {})
        if "ALL" not in capabilities.get("drop", []):
            yield f"{name}: does not drop ALL capabilities"
        if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{name}: adds capabilities"
        if not own.get("runAsNonRoot", pod.get("runAsNonRoot")):
            yield f"{name}: runAsNonRoot is not true"
        if own.get("runAsUser", pod.get("runAsUser")) == 0:
            yield f"{name}: runs as user 0"
        profile = own.get("seccompProfile", pod.get("seccompProfile", {})).get("type")
        if profile not in SECCOMP:
            yield f"{name}: seccompProfile is {profile}"
        if any(port.get("hostPort") for port in container.get("ports", [])):
            yield f"{name}: a host port"
        if own.get("readOnlyRootFilesystem") is not True:  # ours: stricter than the profile
            yield f"{name}: the root file system can be written"
        for kind in ("requests", "limits"):
            if not {"cpu", "memory"} <= set(container.get("resources", {}).get(kind, {})):
                yield f"{name}: no cpu and memory {kind}"
