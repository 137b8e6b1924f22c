"""Three nodes over one throw-away PostgreSQL server, each behind a proxy of its own."""

import pytest
from nodes import Node
from postgres import Postgres, database_of


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def cluster(postgres, tmp_path):
    """Makes three nodes over a new database; `arguments` are those of `trent dev`."""
    made = []

    def make(*arguments):
        database = database_of(postgres.new_database())
        for number in range(3):
            made.append(Node(number, postgres, database, tmp_path, arguments))
        # All at the same time: one of them makes the schema.
        for node in made:
            node.begin()
        for node in made:
            node.wait_until_begun()
        return made

    yield make
    for node in made:
        node.end()
