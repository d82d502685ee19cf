"""Whatever a manifest holds, `preview` answers with lines and an exit status, and with no traceback.

Mutations of the examples, by a seeded generator: of the text, and of the values within. PREVIEW_MUTATIONS and
PREVIEW_SEED make it a long run.
"""

from __future__ import annotations

import copy
import io
import os
import random
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from process_operator.preview.command import Question, answer
from process_operator.preview.output import Output
from process_operator.resources.model import parse_instant

COUNT: Final = int(os.environ.get("PREVIEW_MUTATIONS") or 400)
SEED: Final = int(os.environ.get("PREVIEW_SEED") or 1)
NOW: Final = parse_instant("2026-11-30T00:00:00Z")
EXAMPLES: Final = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))

CALENDAR: Final = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: holidays}
data: {days.ics: "BEGIN:VCALENDAR\\r\\nBEGIN:VEVENT\\r\\nUID:1\\r\\nDTSTART;VALUE=DATE:20271225\\r\\nEND:VEVENT\\r\\nEND:VCALENDAR\\r\\n"}
binaryData: {more.ics: QUJD}
---
apiVersion: process-operator.io/v1alpha1
kind: ProcessRequest
metadata: {name: calendar}
spec:
  timing:
    schedule:
      timeZone: Europe/Madrid
      cron: "0 0 9 ? * MON-FRI"
      jitter: 5m
      exclude: ["2027-12-24/2028-01-06"]
      excludeFrom: [{configMap: {name: holidays, key: days.ics}}]
  jobTemplate: {spec: {template: {spec: {containers: [{name: main, image: busybox}]}}}}
"""
CHARACTERS: Final = "\0\t\n\r \"'#%&*-+/:,.<>?@[]{}|~!`\\0159aZéß\u00ad\u202e\u2028\ufeff\U0001f600LWH"
ODD: Final[tuple[Any, ...]] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        10**400,
        2**31,
        2**63,
        -(2**63) - 1,
        1.5,
        1e308,
        float("inf"),
        float("nan"),
        "",
        " ",
    ),
    *(
        "A",
        "\0",
        "é" * 300,
        "x" * 5000,
        "9" * 5000,
        "\u202e",
        "0 0 31 2 *",
        "* * * * *",
        "H H * * *",
        "0 10 * * ? *",
        "@every 1s",
    ),
    *(
        "rate(5 minutes)",
        "-1 * * * *",
        "2027-02-30",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2199-12-31T23:59:59Z",
    ),
    *(
        "1970-01-01T00:00:00Z",
        "2027-01-01T00:00:00+23:59",
        "99999h",
        "0s",
        "1ms",
        "UTC+2",
        "Z",
        "Romance Standard Time",
        "Etc/GMT+5",
    ),
    *(
        [],
        {},
        [[]],
        [{}],
        {"a": {"b": []}},
        [None],
        ["A", "A"],
        {"name": "A"},
        [{"name": "A"}, {"name": "A"}],
        {"runImmediately": {}},
    ),
)


def _texts() -> list[str]:
    return [path.read_text() for path in EXAMPLES] + [CALENDAR]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a value that can be replaced: what holds it, and its key or index there."""
    found: list[tuple[Any, Any]] = []
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found += [(value, key), *_places(value[key])]
    return found


def _of_values(chance: random.Random, text: str) -> str:
    documents = copy.deepcopy(list(yaml.safe_load_all(text)))
    for _ in range(chance.choice((1, 1, 2, 3))):
        holder, key = chance.choice(_places(documents) or [(documents, 0)])
        change = chance.randrange(5)
        if change == 0:
            del holder[key]
        elif change == 1 and isinstance(holder, dict):
            holder[chance.choice(["", "name", "kind", "\0", "x" * 300, 5, True, None])] = holder.pop(key)
        elif change == 2:
            _, other = chance.choice(_places(documents))
            holder[key] = copy.deepcopy(chance.choice([holder[key], other]))
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD))
    return yaml.safe_dump_all(documents, allow_unicode=chance.random() < 0.5, default_flow_style=chance.random() < 0.2)


def _of_text(chance: random.Random, text: str) -> str:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.randint(1, 12))
        change = chance.randrange(5)
        if change == 0:
            text = text[:at] + text[end:]
        elif change == 1:
            text = text[:at] + text[at:end] * chance.choice((2, 50)) + text[end:]
        elif change == 2:
            lines = text.splitlines(keepends=True) or [""]
            text = "".join(
                chance.sample(lines, len(lines)) if chance.random() < 0.1 else [*lines, chance.choice(lines)]
            )
        else:
            text = text[:at] + "".join(chance.choices(CHARACTERS, k=chance.randint(1, 3))) + text[at:]
    return text


def _mutation(chance: random.Random) -> str:
    text = chance.choice(_texts())
    try:
        return (_of_values if chance.random() < 0.6 else _of_text)(chance, text)
    except (IndexError, KeyError, TypeError, ValueError, yaml.YAMLError):
        return text  # a change that a change before it has made impossible


def _question(chance: random.Random) -> Question:
    start, end, count = None, None, chance.choice((1, 3, 20))
    match chance.randrange(12):
        case 0:  # what is no instant, or in no order
            start, end = chance.choice(
                (("2027", None), ("\0", None), (None, "x"), ("2027-01-02T00:00:00Z", "2027-01-01T00:00:00Z"))
            )
        case 1:  # as many as there are, in an hour
            start, end, count = "2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z", 2**31 - 1
        case 2:  # the ends of time
            start = chance.choice(("2199-12-31T23:59:00Z", "1970-01-01T00:00:00Z"))
        case 3:
            start = "2027-03-27T00:00:00Z"
    name = chance.choice((None,) * 30 + ("calendar", "default/calendar", "\x1b"))
    return Question(["-"], start, end, count, name, chance.choice(list(Output)), chance.choice(("default", "erp", "")))


def test_no_mutation_breaks_a_preview(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)
    answered = {0: 0, 2: 0}
    for number in range(COUNT):
        text, question = _mutation(chance), _question(chance)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode(errors="surrogatepass"))))
        try:
            status = answer(question, NOW)
        except Exception as error:
            raise AssertionError(f"mutation {number} of seed {SEED}: {question}\n{text}") from error
        out, complaints = capsys.readouterr()
        assert (status == 0) or complaints, (number, text)
        assert all(line.isprintable() for line in complaints.splitlines()), (number, complaints)
        out.encode()
        answered[status] += 1
    assert min(answered.values()) > COUNT / 10, answered
