"""What `trent` does to itself: no dumps of its memory, no swapping, no files for others."""

import os
import resource
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from trent_server import BINARY, ROOT, Trent, clean_environment

CAP_IPC_LOCK = 14


def status(process, field):
    """A field of /proc/PID/status."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)[field].strip()


def has_capability(number):
    return bool(int(status("self", "CapEff"), 16) >> number & 1)


def may_lock_all():
    _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return hard == resource.RLIM_INFINITY or has_capability(CAP_IPC_LOCK)


def without_locking(command, limit=8 * 1024 * 1024):
    """The command, run with a limit of locked memory and without the capability to pass it."""
    prefix = ["prlimit", f"--memlock={limit}:{limit}"]
    if has_capability(CAP_IPC_LOCK):
        prefix += ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"]
    return [*prefix, *command]


@pytest.fixture(params=["dev", "serve"])
def server(request, serve, tmp_path):
    """A running server of each kind."""
    if request.param == "serve":
        yield serve(tls=False).start()
    else:
        with Trent(data_dir=tmp_path / "data") as server:
            yield server


# Memory


def test_no_core_is_dumped(server):
    limits = Path(f"/proc/{server.process.pid}/limits").read_text().splitlines()
    core = next(line for line in limits if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]


@pytest.mark.parametrize("end", [signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT])
def test_no_core_is_written_when_it_crashes(tmp_path, end):
    """Not even where the one who starts it wants cores of any size."""
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    command = ["prlimit", f"--core={'unlimited' if limit < 0 else limit}"]
    command += [BINARY, "dev", "--listen", "127.0.0.1:0"]
    options = {"stdout": subprocess.PIPE, "text": True, "env": clean_environment()}
    # A shell that runs the tests in the background has had it ignored.
    options["preexec_fn"] = lambda: signal.signal(end, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=tmp_path, **options) as process:
        while process.stdout.readline() != "Ready.\n":
            assert process.poll() is None
        deadline, ended, status = time.monotonic() + 30, 0, 0
        while not ended:
            # The runtime of Rust takes the first SIGSEGV, to see whether a stack has overflowed.
            process.send_signal(end if time.monotonic() < deadline else signal.SIGKILL)
            time.sleep(0.01)
            ended, status = os.waitpid(process.pid, os.WNOHANG)
        process.returncode = -end
    assert os.WTERMSIG(status) == end and not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []


def test_the_memory_is_closed_to_the_same_user():
    """A process that cannot be dumped cannot be traced; what is in /proc for tracers is root's."""
    as_nobody = []
    if os.geteuid() == 0:
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    def seen(process, name):
        """What the same user reads of a process, and what is said about it."""
        command = [*as_nobody, "head", "--bytes=1", f"/proc/{process.pid}/{name}"]
        read = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return read.stdout, read.stderr

    # Where the binary lies may be closed to that user: it is run from its descriptor.
    binary = os.open(BINARY, os.O_RDONLY)
    command = [*as_nobody, f"/proc/self/fd/{binary}", "dev", "--listen", "127.0.0.1:0"]
    options = {"stdout": subprocess.PIPE, "text": True, "cwd": "/", "env": clean_environment()}
    with (
        subprocess.Popen(command, pass_fds=[binary], **options) as trent,
        subprocess.Popen([*as_nobody, "sh", "-c", "echo Ready.; exec sleep 600"], **options) as other,
    ):
        try:
            os.close(binary)
            for process in (trent, other):
                assert "Ready.\n" in iter(process.stdout.readline, "")
            assert status(trent.pid, "Uid").split()[0] != "0"
            assert os.stat(f"/proc/{trent.pid}/mem").st_uid == 0
            assert len(seen(other, "environ")[0]) == 1
            for name in ("mem", "environ", "maps"):
                content, said = seen(trent, name)
                assert content == "" and "Permission denied" in said
        finally:
            trent.kill()
            other.kill()


@pytest.mark.skipif(not may_lock_all(), reason="memory may not be locked here")
@pytest.mark.parametrize("lock", ["try", "required"])
def test_memory_is_locked_where_that_is_permitted(serve, lock):
    server = serve(tls=False, settings={"memory": {"lock": lock}}).start()
    locked = int(status(server.process.pid, "VmLck").split()[0])
    assert locked > 10_000  # kB
    assert "not locked" not in server.log_path.read_text()
    # Work that takes threads, stacks and heap goes on.
    assert server.get("/_trent/ready")


def test_memory_is_not_locked_when_switched_off(serve):
    server = serve(tls=False, settings={"memory": {"lock": "off"}}).start()
    assert status(server.process.pid, "VmLck") == "0 kB"
    assert "not locked" not in server.log_path.read_text()


def test_memory_that_may_not_be_locked_is_a_warning(serve, monkeypatch):
    server = serve(tls=False)
    command = without_locking(server.command)
    monkeypatch.setattr(type(server), "command", command)
    server.start()
    said = server.log_path.read_text()
    assert "the memory is not locked" in said
    assert "8388608 bytes only" in said and "LimitMEMLOCK=infinity" in said
    assert status(server.process.pid, "VmLck") == "0 kB"


def test_memory_that_must_be_locked_and_may_not_ends_the_start(serve):
    server = serve(tls=False, settings={"memory": {"lock": "required"}}).init()
    result = subprocess.run(
        without_locking(server.command),
        capture_output=True,
        text=True,
        timeout=30,
        env=clean_environment(),
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "`memory.lock`" in result.stderr and "CAP_IPC_LOCK" in result.stderr


def test_another_word_for_the_lock_is_refused(serve):
    said = serve(tls=False, settings={"memory": {"lock": "maybe"}}).init().refusal()
    assert "`maybe`" in said and "`try`, `required`, `off`" in said.replace(" or ", " "), said


# Files


@pytest.fixture
def everything_for_everybody():
    before = os.umask(0)
    yield
    os.umask(before)


def private(directory):
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    paths = list(directory.rglob("*"))
    assert {"root.key", "trent.db", "lock"} <= {path.name for path in paths}
    for path in paths:
        mode = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


def test_files_are_private_whatever_the_umask(serve, tmp_path, everything_for_everybody):
    server = serve(tls=False).start()
    private(server.data_dir)
    assert status(server.process.pid, "Umask") == "0077"
    with Trent(data_dir=tmp_path / "dev") as dev:
        dev.client().create_key()
        private(tmp_path / "dev")
        assert status(dev.process.pid, "Umask") == "0077"


@pytest.mark.parametrize(
    ("name", "mode", "right"),
    [("", 0o755, 700), ("", 0o710, 700), ("", 0o702, 700), ("trent.db", 0o644, 600)]
    + [("trent.db", 0o620, 600), ("root.key", 0o604, 600)],
)
def test_what_others_can_use_is_refused(serve, name, mode, right):
    server = serve(tls=False).init()
    path = server.data_dir / name
    path.chmod(mode)
    for said in (
        server.refusal(),
        server.refusal("--check"),
        server.run("account", "list", "--data-dir", server.data_dir).stderr,
    ):
        assert f"mode {mode:04o}" in said
        assert f"run `chmod {right} {path}`" in said
    path.chmod(int(str(right), 8))
    server.start()


def test_init_makes_nothing_where_others_can_look(serve):
    server = serve(tls=False)
    server.data_dir.mkdir()
    server.data_dir.chmod(0o750)
    made = server.run("init", "--data-dir", server.data_dir)
    assert made.returncode == 1
    assert f"run `chmod 700 {server.data_dir}`" in made.stderr
    assert not list(server.data_dir.iterdir())
    server.data_dir.chmod(0o700)
    server.init()


# The unit for systemd


def test_the_unit_s_reload_does_not_end_a_server_without_tls(serve):
    server = serve(tls=False).start()
    server.process.send_signal(signal.SIGHUP)
    assert server.get("/_trent/ready")
    assert server.stop() == 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_the_unit_is_understood_by_systemd(tmp_path):
    """With the binary of this test in the place of the installed one."""
    text = (ROOT / "packaging/trent.service").read_text()
    assert text.count("/usr/local/bin/trent ") == 2
    binary = tmp_path / "trent"
    binary.symlink_to(BINARY)
    unit = tmp_path / "trent.service"
    unit.write_text(text.replace("/usr/local/bin/trent ", f"{binary} "))
    result = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert "trent.service" not in result.stderr
