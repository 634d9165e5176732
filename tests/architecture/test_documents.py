"""What is drawn or listed from the code is still what the code says, and every link and file named is there."""

import re
import runpy
import tomllib
from functools import cache
from pathlib import Path

import pytest

from crossroom.config.load import load

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if path.relative_to(ROOT).parts[:2] != ("docs", "conformance")
)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`((?:src|tests|docs|examples|packaging|scripts|bench)/[\w./-]+\.\w+)`")
LOGGED = re.compile(
    r"(?:log|refusals)\.(?:info|warning|error|exception)\(\s*f?\"([^\"]+)\"|report\(f\"([^\"]+)\""
)
SETTING = re.compile(r"`((?:server|sip|msrp|xmpp|tls|notices|limits)\.[a-z_.]+)`")
SECTION = re.compile(r"docs/mapping\.md (§[\d.]+(?:(?:,| to| and) §[\d.]+)*)")


@cache
def drawn(script: str) -> str:
    text = runpy.run_path(str(ROOT / "scripts" / script))["document"]()
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("script", "document"),
    [("draw-state-machines", "state-machines.md"), ("draw-configuration", "configuration.md")],
)
def test_a_drawn_document_is_what_its_script_draws(script: str, document: str) -> None:
    assert (ROOT / "docs" / document).read_text() == drawn(script), f"run scripts/{script}"


def test_the_conformance_table_is_what_its_parts_say() -> None:
    merged = runpy.run_path(str(ROOT / "scripts" / "merge-conformance"))["document"]()
    assert (ROOT / "docs" / "conformance.md").read_text() == merged, "run scripts/merge-conformance"


def test_every_module_of_the_conformance_table_exists() -> None:
    rows = re.findall(
        r"^\| [a-z]+-[\w.]+ \|(?:[^|]*)\|([^|]*)\|",
        (ROOT / "docs" / "conformance.md").read_text(),
        re.MULTILINE,
    )
    named = {module.strip() for row in rows for module in row.split(",")} - {""}
    assert named
    assert not [module for module in named if not (ROOT / "src" / "crossroom" / module).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text()
    missing = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    missing += [name for name in NAMED.findall(text) if not (ROOT / name).exists()]
    assert not missing


def test_every_section_of_the_mapping_that_the_code_cites_is_there() -> None:
    headings = re.findall(
        r"^#{2,3} (\d+(?:\.\d+)*)", (ROOT / "docs" / "mapping.md").read_text(), re.MULTILINE
    )
    cited = {
        section.rstrip(".")
        for path in (ROOT / "src").rglob("*.py")
        for group in SECTION.findall(path.read_text())
        for section in re.findall(r"§([\d.]+)", group)
    }
    assert cited
    assert cited <= set(headings)


def test_every_log_line_that_operators_are_told_of_is_written_somewhere() -> None:
    section = (ROOT / "docs" / "operations.md").read_text().split("\n## The log", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    told = {event for row in rows for event in re.findall(r"`([^`]+)`", row)}
    sources = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    written = {first or second for first, second in LOGGED.findall(sources)} - {""}
    # a name inside the line is an ellipsis in the document
    written |= {re.sub(r"\{[^}]+\}", "…", event) for event in written}
    assert told
    assert told <= written


@pytest.mark.parametrize("document", ["operations.md", "mapping.md", "configuration.md"])
def test_every_setting_that_is_named_exists(document: str) -> None:
    tables = tomllib.loads(drawn("draw-configuration").split("```toml\n")[1].split("```")[0])
    for name in SETTING.findall((ROOT / "docs" / document).read_text()):
        value: object = tables
        for part in name.split("."):
            assert isinstance(value, dict), name
            assert part in value, name
            value = value[part]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_configuration_that_is_shown_can_be_used(document: Path, tmp_path: Path) -> None:
    for shown in re.findall(r"```toml\n(.*?)```", document.read_text(), re.DOTALL):
        file = tmp_path / "crossroom.toml"
        file.write_text(shown)
        load(file, {})
