"""docs/identities.md does what it says: its commands are run as they stand there."""

import os
import re
import subprocess

from trent_server import BINARY, ROOT, Trent, clean_environment

PAGE = (ROOT / "docs/identities.md").read_text()


def section(heading):
    return PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]


def shell(script, directory):
    environment = clean_environment()
    folders = [str(ROOT / ".venv/bin"), str(BINARY.parent), environment["PATH"]]
    environment.update(PATH=os.pathsep.join(folders), AWS_PAGER="", AWS_EC2_METADATA_DISABLED="true")
    return subprocess.run(
        ["bash", "-eu"],
        input=script,
        capture_output=True,
        text=True,
        cwd=directory,
        env=environment,
        timeout=120,
    )


def test_the_application_that_may_only_decrypt(tmp_path):
    text = section("An application that may only decrypt")
    make, use, explain = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    commands = re.findall(r"^(?:\w+=\$\(|eval \"\$\()?(?:trent|aws) ", make + use + explain, re.M)
    assert 5 < len(commands) + 1 < 10
    made = shell(make + "env", tmp_path)
    assert made.returncode == 0, made.stderr
    kept = [line for line in made.stdout.splitlines() if line.startswith(("AWS_ACC", "AWS_SEC"))]
    environment = "".join(f"export '{line}'\n" for line in kept)
    environment += "export TRENT_DATA_DIR=$PWD/trent-data\n"
    with Trent("--enforce", data_dir=tmp_path / "trent-data") as server:
        script = (use + explain).replace("http://127.0.0.1:4566", server.url)
        result = shell(environment + script + "aws kms list-keys || echo refused\n", tmp_path)
    assert result.returncode == 0, result.stderr
    assert "AWS_SECRET_ACCESS_KEY" not in result.stdout
    assert "\nhello\nDENIED: not allowed by the policies of the principal\n" in result.stdout
    assert "kms:encryptioncontext:tenant: `green`" in result.stdout
    assert result.stdout.endswith("refused\n") and "AccessDenied" in result.stderr


def test_the_file(tmp_path):
    (example,) = re.findall(r"```yaml\n(.*?)```", section("Identities from a file"), re.DOTALL)
    (tmp_path / "identities.yaml").write_text(example)
    apply = "trent apply -f identities.yaml\n"
    script = "export TRENT_DATA_DIR=data\ntrent init --account 111122223333 > init\n"
    result = shell(script + apply + "echo --\n" + apply, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "~ account 111122223333",
        "+ user app",
        "+ policy decrypt of user app",
        "+ permissions boundary of user app",
        "+ access key AKIAIOSFODNN7EXAMPLE of user app",
        "+ user auditor",
        "+ role worker",
        "--",
    ]
