"""Pages of docs/reference/generated: they are those that the code has now (`make reference`)."""

from __future__ import annotations

from reference.pages import FOLDER, generated_pages


def test_the_committed_pages_are_those_of_the_code() -> None:
    committed = {page.name: page.read_text() for page in FOLDER.iterdir()}
    assert committed == generated_pages(), "run `make reference`"


def test_every_field_and_rule_of_a_kind_is_on_its_page() -> None:
    page = generated_pages()["processrequest.md"]
    assert "| `spec.timing.schedule.monthly.weekday.week` |" in page
    assert 'default `"Etc/UTC"`' in page
    assert "Rule: exactly one of process and jobTemplate must be set." in page


def test_commands_have_their_options() -> None:
    page = generated_pages()["kubectl-process.md"]
    assert "## kubectl process import etendo\n" in page
    assert "`--dry-run <none\\|client\\|server>`" in page


def test_settings_have_their_limits() -> None:
    assert "Limits: at least 3, at most 3600." in generated_pages()["settings.md"]
