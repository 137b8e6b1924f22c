"""Servers for the tests of `trent serve`."""

import pytest
from enclave import Nitro
from permission_support import People
from trent_server import TrentServe


@pytest.fixture(scope="session")
def nitro():
    """Who signs attestation documents for the enclaves of the server of `people`."""
    return Nitro()


@pytest.fixture(scope="session")
def people(tmp_path_factory, nitro):
    """The identities of one server for all tests of permissions."""
    directory = tmp_path_factory.mktemp("permissions")
    roots = directory / "roots.pem"
    roots.write_bytes(nitro.root.pem)
    settings = {"attestation": {"roots": str(roots)}}
    with open(directory / "log", "w") as log:
        with TrentServe(directory, tls=False, settings=settings, log=log) as server:
            yield People(server)


@pytest.fixture
def serve(tmp_path):
    """Makes servers, as `TrentServe` does, that do not outlive the test; each has a folder of its
    own and writes its log there."""
    made = []

    def make(**options):
        directory = tmp_path / str(len(made))
        directory.mkdir()
        log = open(directory / "log", "w")
        server = TrentServe(directory, log=log, **options)
        server.log_path = directory / "log"
        made.append((server, log))
        return server

    yield make
    for server, log in made:
        if server.process is not None and server.process.poll() is None:
            server.kill()
        log.close()
