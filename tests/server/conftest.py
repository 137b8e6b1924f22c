"""Servers for the tests of `trent serve`."""

import pytest
from trent_server import TrentServe


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
