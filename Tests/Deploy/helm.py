"""The real Helm (its Go library, from PyPI's helm-python-sdk) over a test's API server."""

import yaml

try:
    import helm_python
except ImportError:
    helm_python = None


class Helm:
    """Helm's actions in one namespace. Nothing waits for pods: a test's cluster has no nodes."""

    def __init__(self, kubeconfig, namespace):
        self.namespace = namespace
        self.config = helm_python.Config(kubeconfig_path=str(kubeconfig), namespace=namespace)

    def install(self, release, chart, values=None):
        return self.config.install(str(chart), release, values or {}, create_namespace=True, namespace=self.namespace,
                                   wait="hookOnly")

    def upgrade(self, release, chart, values=None):
        return self.config.upgrade(str(chart), release, values or {}, namespace=self.namespace, wait="hookOnly")

    def rollback(self, release, revision):
        self.config.rollback(release, version=revision, wait="hookOnly")

    def uninstall(self, release):
        self.config.uninstall(release, wait="hookOnly")


def lint(chart, values=None):
    return helm_python.lint(str(chart), values, strict=True, namespace="plant")


def render(chart, values=None, name="line", namespace="plant"):
    """Every object of the chart, hooks too, without a cluster."""
    with helm_python.Chart.load(str(chart)) as loaded:
        files = loaded.render(values or {}, name=name, namespace=namespace)
    return [document for path, text in sorted(files.items()) if not path.endswith("NOTES.txt")
            for document in yaml.safe_load_all(text) if document]


def documents(release):
    """Every object of a release but its hooks."""
    return [document for document in yaml.safe_load_all(release["manifest"]) if document]
