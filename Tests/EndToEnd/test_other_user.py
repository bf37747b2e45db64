"""Another user of the same host: reads nothing of a controller's state, replaces nothing, and cannot lead it astray."""

import os
import shutil
import signal
import stat
import subprocess

import pytest

from conftest import BIN, Repository, free_port, manifest, wait_for

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="being two users wants root")


class User:
    """Somebody without an account: what counts is the number."""

    def __init__(self, uid, home):
        self.uid, self.home = uid, home
        home.mkdir(mode=0o755)
        os.chown(home, uid, uid)
        self.prefix = [
            "setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--no-new-privs", "--bounding-set=-all"]

    def environment(self):
        return dict(os.environ, HOME=str(self.home), XDG_STATE_HOME=str(self.home / "state"),
                    XDG_CONFIG_HOME=str(self.home / "config"), GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory",
                    GIT_CONFIG_VALUE_0="*")

    def run(self, *command, umask=None):
        return subprocess.run(
            [*self.prefix, *map(str, command)], env=self.environment(), cwd="/", capture_output=True, text=True, timeout=120,
            check=False, umask=-1 if umask is None else umask)

    def start(self, *command, umask=-1):
        return subprocess.Popen(
            [*self.prefix, *map(str, command)], env=self.environment(), cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, umask=umask)


@pytest.fixture
def host(tmp_path):
    """A place that both reach, a program, a repository of everybody's, and a PLC; Anna controls with no umask at all."""
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.owner() == "root" and folder.name.startswith(("pytest", "test_")) or folder == tmp_path:
            folder.chmod(0o755)
    shutil.copy(BIN / "fabctl", tmp_path / "fabctl")
    port = free_port()
    plc = subprocess.Popen(
        [BIN / "mock-plc", "--port", str(port), "--register", "4001", "--value", "2500"], stdout=subprocess.DEVNULL)
    repository = Repository(tmp_path / "plant")
    repository.commit({"line-1.yaml": manifest("line-1", port)})
    # Remote, so that there is a mirror.
    source = f"file://{repository.path}"
    anna, ben = User(65531, tmp_path / "anna"), User(65532, tmp_path / "ben")
    controller = anna.start(tmp_path / "fabctl", "run", "--git", source, umask=0)
    state = anna.home / "state" / "fabgitops"
    try:
        def is_up():
            assert controller.poll() is None, controller.stdout.read()
            return list(state.glob("*/journal.sqlite")) and list(state.glob("*/api.sock")) and list(state.glob("*/*mirror*"))

        wait_for(lambda: f"the state to be there: {list(state.rglob('*'))[:20]}", is_up)
        yield tmp_path, source, anna, ben, controller, state
    finally:
        if controller.poll() is None:
            controller.send_signal(signal.SIGTERM)
            controller.wait(60)
        plc.kill()
        plc.wait()


def test_state_is_its_owners_alone(host):
    tmp_path, source, anna, ben, controller, state = host
    directory = next(state.iterdir())
    inside = [directory, *directory.rglob("*")]
    assert len(inside) > 6
    # Everything is behind a directory that only its owner may enter; what holds secrets or is taken for true is private
    # by itself as well, whatever the umask was.
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700 and stat.S_IMODE(state.stat().st_mode) & 0o077 == 0
    for name in ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "audit.head", "controller.lock", "api.sock"):
        for path in directory.glob(name):
            assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, f"{path}: {oct(path.lstat().st_mode)}"
    for path in inside:
        assert path.lstat().st_uid == anna.uid, path
    for path in inside:
        for attempt in (["cat", path], ["ls", path], ["sh", "-c", f"echo x >> '{path}'"], ["rm", "-f", path],
                        ["ln", "-sf", "/etc/passwd", path], ["mv", path, "/tmp/stolen"])[: 6 if path in inside[:12] else 1]:
            done = ben.run(*attempt)
            assert done.returncode != 0 or not done.stdout, f"{attempt}: {done}"
    assert all(path.exists() or path.is_symlink() for path in inside if not path.name.endswith((".lock", "-wal", "-shm"))
               and "mirror" not in str(path))
    # From within the directory: a socket's path may not be long.
    connect = ["python3", "-c", f"import os, socket; os.chdir({str(directory)!r}); socket.socket(socket.AF_UNIX).connect('api.sock')"]
    assert "Permission" in ben.run(*connect).stderr
    assert anna.run(*connect).returncode == 0
    assert controller.poll() is None


def test_two_users_do_not_both_control(host):
    tmp_path, source, anna, ben, controller, state = host
    watch = ben.start(tmp_path / "fabctl", "run", "--git", source)
    try:
        out, _ = watch.communicate(timeout=60)
        assert watch.returncode == 4 and str(anna.uid) in out, (watch.returncode, out)
    except subprocess.TimeoutExpired:
        watch.kill()
        out, _ = watch.communicate()
        assert str(anna.uid) in out and "observ" in out.lower(), out
    sync = ben.run(tmp_path / "fabctl", "sync", "--all", "--yes", "--git", source)
    assert sync.returncode == 4 and str(controller.pid) in sync.stderr, sync


def test_a_state_directory_prepared_by_somebody_else_is_refused(host):
    """Where XDG_STATE_HOME is a place in which others may write, such as /tmp."""
    tmp_path, source, anna, ben, controller, state = host
    controller.send_signal(signal.SIGTERM)
    controller.wait(60)
    directory = next(state.iterdir())
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o777)
    shared.chmod(0o1777)
    anna.home = tmp_path / "none"

    def run(prepare):
        for old in shared.iterdir():
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
        prepare(shared / "fabgitops" / directory.name)
        return subprocess.run(
            [*anna.prefix, tmp_path / "fabctl", "sync", "--all", "--yes", "--git", source], cwd="/", capture_output=True,
            text=True, timeout=120, check=False, env=dict(anna.environment(), XDG_STATE_HOME=str(shared)))

    def is_bens(path):
        path.mkdir(parents=True, mode=0o777)
        path.parent.chmod(0o777)
        path.chmod(0o777)
        os.chown(path, ben.uid, ben.uid)

    def is_a_link(path):
        path.parent.mkdir(mode=0o777)
        path.parent.chmod(0o777)
        (ben.home / "trap").mkdir(mode=0o777, exist_ok=True)
        (ben.home / "trap").chmod(0o777)
        path.symlink_to(ben.home / "trap")

    for prepare in (is_bens, is_a_link):
        done = run(prepare)
        assert done.returncode == 4 and ("another user" in done.stderr or "not a directory" in done.stderr), (prepare, done)
        assert not list((ben.home / "trap").glob("*")) if (ben.home / "trap").exists() else True
