"""The administrator's file of receivers: what is read of it, and what is said of each mistake. No value is repeated."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from process_operator.actions.notify.receivers_file import read_key, read_receivers
from process_operator.settings import ConfigurationError, Settings

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "short").write_text("too-short")
    (tmp_path / "bad.pem").write_text("no certificate")
    return tmp_path / "receivers.yaml"


def test_without_a_file_there_are_no_receivers() -> None:
    assert read_receivers(None) == ()


def test_an_empty_setting_names_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_OPERATOR_RECEIVERS_FILE", "")
    assert Settings().receivers_file is None


def test_an_empty_file_has_no_receivers(file: Path) -> None:
    file.write_text("")
    assert read_receivers(file) == ()


def test_all_fields(file: Path) -> None:
    key = file.with_name("key")
    file.write_text(
        "receivers:\n"
        f"- {{name: pager, url: 'https://pager.example.com/x?y=z', namespaces: ['*'], keyFile: {key}}}\n"
        "- {name: local, url: 'http://127.0.0.1:8080', namespaces: [erp], allowHTTP: true}\n"
    )
    pager, local = read_receivers(file)
    assert (pager.name, pager.key_file, pager.serves("anything")) == ("pager", key, True)
    assert (local.serves("erp"), local.serves("sales")) == (True, False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("receivers: [", "is not YAML", id="no YAML"),
        pytest.param("- a", "the file: Input should be a valid dictionary", id="no mapping"),
        pytest.param("receiver: []", "receiver: Extra inputs are not permitted", id="unknown field"),
        pytest.param("receivers: [{}]", "receivers[0].name: Field required", id="no name"),
        pytest.param("receivers: [{name: A_b, url: 'https://x', namespaces: ['*']}]", "receivers[0].name: must be lower-case letters, digits and -", id="bad name"),
        pytest.param("receivers: [{name: a, url: 'https://x', namespaces: []}]", "receivers[0].namespaces: Tuple should have at least 1 item", id="no namespaces"),
        pytest.param("receivers: [{name: a, url: 'ftp://secret', namespaces: ['*']}]", "receivers[0].url: must be a URL such as", id="another scheme"),
        pytest.param("receivers: [{name: a, url: 'https://', namespaces: ['*']}]", "receivers[0].url: must be a URL such as", id="no host"),
        pytest.param("receivers: [{name: a, url: 'https://x:99999999', namespaces: ['*']}]", "receivers[0].url: must be a URL such as", id="no port"),
        pytest.param("receivers: [{name: a, url: 'https://me:secret@x', namespaces: ['*']}]", "receivers[0].url: must not contain a user, a password", id="password in the URL"),
        pytest.param("receivers: [{name: a, url: 'http://secret', namespaces: ['*']}]", "receivers[0]: url must be https; http needs allowHTTP: true", id="http without saying so"),
        pytest.param("receivers: [{name: a, url: 'http://x', allowHTTP: true, caFile: c, namespaces: ['*']}]", "receivers[0]: caFile has no meaning", id="a CA for http"),
        pytest.param("receivers: [{name: a, url: 'https://x', namespaces: ['*']}, {name: a, url: 'https://y', namespaces: ['*']}]", "receivers: two receivers have the name a", id="a name twice"),
        pytest.param("receivers: [{name: a, url: 'https://x', namespaces: ['*'], keyFile: FOLDER/none}]", "receivers[0].keyFile: FOLDER/none: No such file", id="no key"),
        pytest.param("receivers: [{name: a, url: 'https://x', namespaces: ['*'], keyFile: FOLDER/short}]", "receivers[0].keyFile: FOLDER/short: has a key of 9 bytes; it needs at least 24", id="a short key"),
        pytest.param("receivers: [{name: a, url: 'https://x', namespaces: ['*'], caFile: FOLDER/none}]", "receivers[0].caFile: FOLDER/none: No such file", id="no CA"),
        pytest.param("receivers: [{name: a, url: 'https://x', namespaces: ['*'], caFile: FOLDER/bad.pem}]", "receivers[0].caFile: FOLDER/bad.pem: ", id="no PEM"),
    ],
)  # fmt: skip
def test_mistakes(file: Path, text: str, says: str) -> None:
    folder = str(file.parent)
    file.write_text(text.replace("FOLDER", folder))
    with pytest.raises(ConfigurationError) as raised:
        read_receivers(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert says.replace("FOLDER", folder) in str(raised.value)
    assert "secret" not in str(raised.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"receivers\.yaml: cannot be read: No such file"):
        read_receivers(tmp_path / "receivers.yaml")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param(KEY, KEY.encode(), id="as it is"),
        pytest.param(f"{KEY}\n", KEY.encode(), id="without the line break of an editor"),
        pytest.param(
            "whsec_" + base64.b64encode(bytes(range(32))).decode(), bytes(range(32)), id="of Standard Webhooks"
        ),
    ],
)
def test_keys(tmp_path: Path, text: str, key: bytes) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    assert read_key(path) == key


def test_a_key_that_is_no_base64(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("whsec_not base64")
    with pytest.raises(ValueError, match="is not base64 after whsec_"):
        read_key(path)
