"""Forms of text: the message about a wrong form has an example, and the example is accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from process_operator.resources.schema import crds
from process_operator.resources.text_form import TextForm


def _forms(schema: dict[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    """Each rule that matches a whole text against a form: the field, the pattern and the message."""
    for rule in schema.get("x-kubernetes-validations", ()):
        form = re.fullmatch(r"self\.matches\('(\^\(.*\)\$)'\)", rule["rule"])
        if form is not None:
            yield path, form[1], rule["message"]
    below = {**schema.get("properties", {}), **({"[]": schema["items"]} if "items" in schema else {})}
    for name, child in below.items():
        yield from _forms(child, f"{path}.{name}")


FORMS = [
    form
    for crd in crds()
    for form in _forms(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], crd["spec"]["names"]["kind"])
]


def test_there_are_forms() -> None:
    assert len(FORMS) > 20


@pytest.mark.parametrize(("path", "pattern", "message"), FORMS, ids=[path for path, _, _ in FORMS])
def test_the_example_of_a_message_has_the_form(path: str, pattern: str, message: str) -> None:
    assert message.startswith("must be "), path
    examples = re.findall(r"such as ([^ ,;]+)(?: or ([^ ,;]+))?", message)
    found = [example for pair in examples for example in pair if example]
    assert found
    assert [example for example in found if not re.fullmatch(pattern, example)] == []


def test_a_form_rejects_with_its_sentence() -> None:
    form = TextForm("[a-z]+|[0-9]+", "must be letters or digits, such as abc")
    assert form.check("abc") == "abc"
    assert form.rule.rule == "self.matches('^([a-z]+|[0-9]+)$')"
    for wrong in ("", "a1", "abc\n"):
        with pytest.raises(ValueError, match=r"^must be letters or digits, such as abc$"):
            form.check(wrong)
