"""Servers and keys for the SDK tests."""

import pytest
from sdk_support import Subject, kind_for
from trent_server import Trent


@pytest.fixture(scope="session")
def server():
    """The server of all tests that neither move its clock nor restart it; keeps nothing."""
    with Trent() as server:
        yield server


@pytest.fixture(scope="session")
def kms(server):
    return server.client()


@pytest.fixture(scope="session")
def unchecked(server):
    """A client that sends what it would otherwise refuse to send."""
    return server.client(parameter_validation=False)


@pytest.fixture
def key(kms):
    """The id of a fresh key."""
    return kms.create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture
def other_key(kms):
    """The id of another fresh key."""
    return kms.create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture(scope="session")
def key_of(kms):
    """The id of a key of a spec and usage: `key_of(spec, usage)`. Tests share it and do not
    change it."""
    made = {}

    def of(spec, usage):
        if (spec, usage) not in made:
            metadata = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
            made[spec, usage] = metadata["KeyId"]
        return made[spec, usage]

    return of


@pytest.fixture
def subject(request, kms):
    """A fresh key with alias and ciphertext, of the kind that suits the test's operation."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    return Subject(kms, **kind_for(parameters.get("way")))


@pytest.fixture
def start():
    """Starts servers of a test's own: `start(*arguments, data_dir=…, env=…)`."""
    servers = []

    def start_one(*arguments, **options):
        server = Trent(*arguments, **options)
        servers.append(server)
        return server.start()

    yield start_one
    for server in servers:
        server.stop()


@pytest.fixture
def machine(start):
    """A server whose clock a test may move."""
    return start()


@pytest.fixture
def data_dir(tmp_path):
    """A data directory that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture
def seed_file(tmp_path):
    """Writes a seed file and returns its path."""

    def write(text, name="seed.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write
