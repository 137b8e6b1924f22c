"""The README does what it says: its commands are run as they stand there."""

import os
import re
import subprocess

import pytest

from trent_server import ROOT, Trent, clean_environment

README = (ROOT / "README.md").read_text()


def blocks(language):
    section = README.split("## A rotation, in two minutes")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def run(command, script, url, directory):
    environment = clean_environment()
    environment["PATH"] = f"{ROOT / '.venv/bin'}{os.pathsep}{environment['PATH']}"
    environment["AWS_PAGER"] = ""
    result = subprocess.run(
        command,
        input=script.replace("http://127.0.0.1:4566", url),
        capture_output=True,
        text=True,
        cwd=directory,
        env=environment,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("ending", ["kill", "stop"])
def test_the_walk_through_works_and_survives_the_end_of_the_server(tmp_path, ending):
    data_dir = tmp_path / "data"
    environment, *steps = blocks("sh")
    decrypt = environment + steps[-1].replace("$KEY", "alias/none").split("\n", 1)[1]
    with Trent(data_dir=data_dir) as server:
        script = "set -eu\n" + environment + "".join(steps)
        output = run(["bash"], script, server.url, tmp_path)
        assert '"KeyRotationEnabled": true' in output
        assert '"RotationType": "AUTOMATIC"' in output
        assert output.endswith("the truth\n")
        getattr(server, ending)()
    with Trent(data_dir=data_dir) as server:
        assert run(["bash"], decrypt, server.url, tmp_path) == "the truth\n"


def test_the_python_example_works(tmp_path):
    exports = re.findall(r"(\w+)=(\S+)", blocks("sh")[0])
    (example,) = blocks("python")
    with Trent() as server:
        prelude = "".join(f"import os; os.environ[{n!r}] = {v!r}\n" for n, v in exports)
        output = run([str(ROOT / ".venv/bin/python"), "-"], prelude + example, server.url, tmp_path)
    assert output == "4 rotations\nb'the truth'\n"
