"""`trent serve` and `trent init`: what is configured, and what is said about mistakes."""

import json
import re
import sqlite3
import stat

import pytest
from botocore.exceptions import ClientError
from trent_server import ROOT, Trent

SAMPLE = ROOT / "docs/trent.toml"


# Initialization


def test_init_makes_a_directory_root_key_and_store_for_their_owner_only(serve):
    server = serve()
    result = server.run("init", "--data-dir", server.data_dir)
    assert result.returncode == 0, result.stderr
    assert str(server.data_dir / "root.key") in result.stdout
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    assert (server.data_dir / "trent.db").exists()
    for path in server.data_dir.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    root_key = (server.data_dir / "root.key").read_text().strip().split(":")[1]
    assert root_key not in result.stdout + result.stderr


def test_init_changes_nothing_that_exists(serve):
    server = serve().init()
    before = (server.data_dir / "root.key").read_text()
    result = server.run("init", "--data-dir", server.data_dir)
    assert result.returncode == 1
    assert f"`{server.data_dir}` is a data directory already" in result.stderr
    assert (server.data_dir / "root.key").read_text() == before


@pytest.mark.parametrize("directory_exists", [False, True])
def test_a_directory_without_root_key_and_store_is_not_made(serve, directory_exists):
    server = serve()
    if directory_exists:
        server.data_dir.mkdir()
    for arguments in ((), ("--check",)):
        said = server.refusal(*arguments)
        assert "`data_dir`" in said
        assert f"run `trent init --data-dir {server.data_dir}`" in said
    assert server.data_dir.exists() == directory_exists
    assert not directory_exists or not list(server.data_dir.iterdir())


def test_a_lost_store_is_not_replaced_by_an_empty_one(serve):
    server = serve().init()
    for path in server.data_dir.glob("trent.db*"):
        path.unlink()
    said = server.refusal()
    assert f"no store `{server.data_dir / 'trent.db'}`" in said
    assert not (server.data_dir / "trent.db").exists()
    # Who wants that says so.
    server.init().start()


def test_a_lost_root_key_is_not_replaced(serve):
    server = serve().init()
    (server.data_dir / "root.key").unlink()
    for said in (
        server.refusal(),
        server.refusal("--check"),
        server.run("init", "--data-dir", server.data_dir).stderr,
    ):
        assert f"no root key `{server.data_dir / 'root.key'}`" in said
    assert not (server.data_dir / "root.key").exists()


def test_a_root_key_that_others_can_read_is_refused(serve):
    server = serve().init()
    (server.data_dir / "root.key").chmod(0o640)
    for said in (server.refusal(), server.refusal("--check")):
        assert str(server.data_dir / "root.key") in said
        assert "0640" in said


def test_a_store_of_development_is_served_unless_its_clock_was_moved(serve):
    server = serve()
    with Trent(data_dir=server.data_dir) as dev:
        dev.client().create_key()
    assert server.start().get("/_trent/ready") == {"ready": True}
    server.stop()
    with Trent(data_dir=server.data_dir) as dev:
        dev.advance("PT1H")
    said = server.refusal()
    assert str(server.data_dir) in said
    assert "clock" in said and "moved ahead" in said


def test_a_second_server_on_one_data_directory_is_refused(serve):
    server = serve().start()
    said = server.refusal()
    assert f"data directory `{server.data_dir}` is in use" in said
    assert server.get("/_trent/ready") == {"ready": True}


# The command line


def test_help_tells_the_options_in_lines_of_100_characters(serve):
    server = serve()
    for command, options in {"serve": ("--config <FILE>", "--check"), "init": ("--data-dir",)}.items():
        result = server.run(command, "--help")
        assert result.returncode == 0
        for option in options:
            assert option in result.stdout
        assert max(map(len, result.stdout.splitlines())) <= 100


def test_a_level_of_the_log_that_is_none_is_refused(serve):
    server = serve().init()
    result = server.run("serve", "--config", server.config, "--log", "a=b=c")
    assert result.returncode == 2
    assert "--log" in result.stderr


# Check


def test_check_says_that_all_is_right_while_the_server_runs_too(serve):
    server = serve().init()
    for _ in range(2):
        result = server.run("serve", "--config", server.config, "--check")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == f"{server.config}: ok\n"
        server.process is None and server.start()


def test_the_sample_lacks_nothing_but_its_files(serve):
    server = serve()
    server.config = SAMPLE
    said = server.refusal("--check")
    assert f"{SAMPLE}: `tls.certificate`: reading `/etc/trent/tls.crt`: No such file" in said
    server.env = {
        "TRENT_SERVE__DATA_DIR": str(server.data_dir),
        "TRENT_SERVE__TLS__CERTIFICATE": str(server.certificate),
        "TRENT_SERVE__TLS__PRIVATE_KEY": str(server.private_key),
    }
    server.init()
    assert server.run("serve", "--config", SAMPLE, "--check").returncode == 0


# Mistakes


def test_a_configuration_that_is_not_there_is_named(serve):
    server = serve()
    server.config = server.config.with_name("none.toml")
    assert f"`{server.config}`" in server.refusal()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"listn": "x"}, ["line 3, column 1", "unknown field `listn`, expected one of `listen`"]),
        ({"http": {"idle": "5s"}}, ["unknown field `idle`", "`idle_timeout`"]),
        ({"tls": {"cert": "x"}}, ["unknown field `cert`", "`certificate`"]),
        ({"listen": "nowhere"}, ["line 1, column 10", "invalid socket address"]),
        ({"listen": 8443}, ["line 1, column 10"]),
        ({"regions": ["nowhere"]}, ["`nowhere` is not a Region such as"]),
        ({"http": {"body_timeout": "soon"}}, ["`soon` is not a duration such as"]),
        ({"http": {"body_timeout": "0s"}}, ["`http.body_timeout`", "0ns is not between"]),
        ({"http": {"connections_max": 0}}, ["`http.connections_max`", "not between 1 and"]),
        ({"http": {"request_bytes_max": "big"}}, ["line 4", 'or a text such as "64 KiB"']),
        ({"log": {"format": "xml"}}, ["unknown variant `xml`, expected `text` or `json`"]),
        ({"log": {"level": "a=b=c"}}, ["`log.level`", "a=b=c"]),
        ({"tls": {"certificate": "x"}}, ["`tls.private_key` is missing"]),
        ({"tls": {"private_key": "x"}}, ["`tls.certificate` is missing"]),
        ({"listen": "0.0.0.0:0"}, ["`listen`: 0.0.0.0:0 is not a loopback address"]),
    ],
)
def test_mistakes_are_told_with_their_place(serve, settings, said):
    server = serve(tls=False, settings=settings).init()
    for arguments in ((), ("--check",)):
        text = server.refusal(*arguments)
        for part in [str(server.config), *said]:
            assert part in text


def test_what_is_no_toml_is_told_with_its_line(serve):
    server = serve()
    server.config.write_text('listen = "127.0.0.1:1"\nwhat is this\n')
    said = server.refusal()
    assert f"{server.config}: line 2, column 6: key with no value, expected `=`" in said
    # A line may have a password in it.
    assert "what is this" not in said


def change(name, content):
    return lambda server: (getattr(server, name)).write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda server: server.certificate.unlink(), ["`tls.certificate`", "tls.crt", "No such"]),
        (lambda server: server.private_key.unlink(), ["`tls.private_key`", "tls.key", "No such"]),
        (change("certificate", b"x"), ["`tls.certificate`", "tls.crt` has no certificate in PEM"]),
        (change("private_key", b"x"), ["`tls.private_key`", "tls.key` has no private key in PEM"]),
        (
            change("private_key", b"-----BEGIN PRIVATE KEY-----\neA==\n-----END PRIVATE KEY-----\n"),
            ["`tls.private_key`", "tls.key` is a private key that cannot be used"],
        ),
        (lambda server: server.private_key.chmod(0o644), ["`tls.private_key`", "0644", "chmod"]),
        (
            lambda server: server.authority.certify(
                server.certificate, server.certificate.with_name("other.key")
            ),
            ["`tls.private_key`", "is not the key of certificate"],
        ),
    ],
)
def test_files_of_tls_that_are_no_good_are_told_with_their_key(serve, spoil, said):
    server = serve().init()
    secret = server.private_key.read_text().split("\n")[1]
    spoil(server)
    for arguments in ((), ("--check",)):
        text = server.refusal(*arguments)
        for part in [str(server.config), *said]:
            assert part in text
        assert secret not in text


def test_authorities_of_clients_that_are_no_good_are_told_with_their_key(serve):
    server = serve(settings={"tls": {"client_ca": "/nonexistent.crt"}}).init()
    assert "`tls.client_ca`: reading `/nonexistent.crt`" in server.refusal()


# The environment


def test_the_environment_goes_before_the_file(serve):
    server = serve(tls=False)
    port = server.port
    server.configure({**server.settings, "listen": "127.0.0.1:1"})
    server.env = {"TRENT_SERVE__LISTEN": f"127.0.0.1:{port}"}
    assert server.start().get("/_trent/ready") == {"ready": True}


def test_no_file_is_needed(serve):
    server = serve().init()
    server.env = {
        "TRENT_SERVE__LISTEN": "127.0.0.1:0",
        "TRENT_SERVE__DATA_DIR": str(server.data_dir),
    }
    result = server.run("serve", "--check")
    assert (result.returncode, result.stdout) == (0, "configuration: ok\n")


def test_a_mistake_in_the_environment_is_told_with_the_variable(serve):
    server = serve().init()
    for name, value in (("TRENT_SERVE__LISTN", "1"), ("TRENT_SERVE__HTTP__IDLE_TIMEOUT", "x")):
        server.env = {name: value}
        assert f"environment variable {name}: " in server.refusal()


# Plain HTTP


def test_plain_http_on_any_address_is_refused_unless_it_is_allowed(serve):
    server = serve(tls=False).init()
    server.configure({**server.settings, "listen": f"0.0.0.0:{server.port}"})
    assert "allow_plaintext_on_any_address" in server.refusal()
    allowed = {"listen": f"0.0.0.0:{server.port}", "allow_plaintext_on_any_address": True}
    server.configure({**server.settings, **allowed})
    assert server.start().get("/_trent/ready") == {"ready": True}
    assert "plain HTTP" in server.log_path.read_text()


def test_tls_on_any_address_needs_no_permission(serve):
    server = serve()
    server.configure({**server.settings, "listen": f"0.0.0.0:{server.port}"})
    assert server.start().get("/_trent/ready") == {"ready": True}
    assert server.startup[0].endswith(f" on https://0.0.0.0:{server.port}")


# The log


def test_the_log_can_be_json(serve):
    server = serve(settings={"log": {"format": "json"}}).start()
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log_path.read_text().splitlines()]
    assert [line["message"] for line in lines] == ["serving", "ended"]
    assert lines[0]["scheme"] == "https"


def test_a_line_about_a_request_has_its_id(serve):
    log = {"format": "json", "level": "debug"}
    server = serve(tls=False, settings={"log": log})
    account = "111122223333"
    made = server.run("init", "--data-dir", server.data_dir, "--account", account)
    credentials = re.findall(r"AWS_(?:ACCESS|SECRET)\w+=(\S+)", made.stdout)
    server.start()
    kms = server.client("us-east-1", *credentials)
    answers = [kms.create_key(), kms.list_keys()]
    key = answers[0]["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError) as caught:
        server.client("us-east-1", credentials[0], "wrong").list_keys()
    answers.append(caught.value.response)
    assert server.stop() == 0
    # A record that is damaged is no fault of the caller's.
    with sqlite3.connect(server.data_dir / "trent.db") as store:
        store.execute("UPDATE record SET sealed = zeroblob(64) WHERE name = ?", (key,))
    store.close()
    server.start()
    with pytest.raises(ClientError) as caught:
        server.client("us-east-1", *credentials).describe_key(KeyId=key)
    answers.append(caught.value.response)
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log_path.read_text().splitlines()]
    ids = [answer["ResponseMetadata"]["RequestId"] for answer in answers]
    assert [line["request_id"] for line in lines if line["message"] == "answered"] == ids
    [failed] = [line for line in lines if line["message"] == "request failed"]
    assert (failed["level"], failed["request_id"]) == ("ERROR", ids[-1])
    assert (failed["code"], failed["operation"]) == ("KMSInternalException", "DescribeKey")


def test_an_option_goes_before_the_level_of_the_file(serve):
    server = serve(settings={"log": {"level": "debug"}}, env={"TRENT_LOG": "error"}).start()
    assert server.stop() == 0
    assert server.log_path.read_text() == ""
