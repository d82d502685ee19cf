"""URL of a log: templates that are rejected, and values that cannot change the query or the server."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from process_operator.resources.log_url import FIELDS, MAX_LOG_URL, LogUrl, LogUrlError

TEMPLATE = "https://logs.example.com/select?query=%7Bpod%3D%22{pod}%22%7D&from={start_ms}"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        pytest.param(
            "https://logs.example.com/?q={pods}", "unknown field {pods}; allowed are {namespace}, {run}", id="a typo"
        ),
        pytest.param("https://logs.example.com/?q={}", "unknown field {}", id="a field without a name"),
        pytest.param("https://logs.example.com/?q={pod.name}", "unknown field {pod.name}", id="an attribute"),
        pytest.param("https://logs.example.com/?q={{pod}}", "has a single brace; write %7B and %7D", id="two braces"),
        pytest.param("https://logs.example.com/?q={pod", "has a single brace", id="half a field"),
        pytest.param("javascript:alert(1)//{pod}", "must start with http:// or https://", id="javascript"),
        pytest.param("ftp://logs.example.com/{pod}", "must start with http:// or https://", id="another scheme"),
        pytest.param("//logs.example.com/{pod}", "must start with http:// or https://", id="no scheme"),
        pytest.param("{pod}://logs.example.com/", "must start with http:// or https://", id="a field in the scheme"),
        pytest.param("https://{namespace}.example.com/", "must not have a field in its host", id="a field in the host"),
        pytest.param("https://logs.example.com:{start_ms}/", "must not have a field in its host", id="in the port"),
        pytest.param("https://logs.example.com{pod}", "must not have a field in its host", id="right behind the host"),
        pytest.param("https://ann:secret@logs.example.com/", "must not have a user or password", id="a password"),
        pytest.param("https:///{pod}", "must have a host", id="no host"),
        pytest.param("https://:80/{pod}", "must have a host", id="only a port"),
        pytest.param("https://logs.example.com:http/", "must have a host, and optionally a port", id="a bad port"),
        pytest.param(
            'https://logs.example.com/?q="{pod}"', "must not have the character '\"'; write %22", id="a quote"
        ),
        pytest.param("https://logs.example.com/?q={pod} x", "must not have the character ' '; write %20", id="a blank"),
        pytest.param("https://logs.example.com/\u2603", "write %E2%98%83 in its place", id="beyond ASCII"),
        pytest.param("https://logs.example.com/\n{pod}", "write %0A in its place", id="a line break"),
        pytest.param("https://l.example/" + "a" * 4096, "must have at most 4096 characters", id="too long"),
    ],
)
def test_template_is_rejected(template: str, words: str) -> None:
    with pytest.raises(LogUrlError) as caught:
        LogUrl.parse(template)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("http://localhost:3000/{namespace}/{pod}", id="fields in the path"),
        pytest.param("HTTPS://[::1]:443?{run}#{job}", id="no path"),
        pytest.param("https://logs.example.com", id="no field"),
    ],
)
def test_template_is_accepted(template: str) -> None:
    assert LogUrl.parse(template).template == template


def test_every_field_is_filled() -> None:
    template = "https://logs.example.com/?" + "&".join(f"{name}={{{name}}}" for name in FIELDS)
    values = {name: f"value-of.{name.replace('_', '-')}" for name in FIELDS}
    url = LogUrl.parse(template).fill(values)
    assert url is not None
    assert parse_qs(urlsplit(url).query) == {name: [value] for name, value in values.items()}


def test_time_is_percent_encoded() -> None:
    url = LogUrl.parse("https://logs.example.com/?from={start_rfc3339}").fill({"start_rfc3339": "2027-03-01T12:00:00Z"})
    assert url == "https://logs.example.com/?from=2027-03-01T12%3A00%3A00Z"


HOSTILE = [
    '"}&x=',
    "a&x=1",
    "a#b",
    "a/../b",
    "a%22",
    "a b",
    "a\\",
    "a'b",
    "a)b",
    "a|b",
    "\u2028",
    "a\nb",
    "@evil.example",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_value_that_is_no_name_changes_nothing(value: str) -> None:
    url = LogUrl.parse(TEMPLATE).fill({"pod": value, "start_ms": "1"})
    empty = LogUrl.parse(TEMPLATE).fill({"pod": "", "start_ms": "1"})
    assert url == empty
    assert url is not None
    # Also the log store reads the same query, after it has decoded it.
    assert unquote(urlsplit(url).query) == 'query={pod=""}&from=1'


def test_url_that_is_too_long_is_none() -> None:
    template = LogUrl.parse("https://l.example/" + "{pod}" * 800)
    assert template.fill({"pod": "a" * 11}) is None
    assert len(template.fill({"pod": "a" * 10}) or "") <= MAX_LOG_URL
