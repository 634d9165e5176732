"""In continuous integration a skipped test is a failed test."""

import shutil
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest

def test_works():
    assert True

def test_needs_a_program():
    pytest.skip("nosuchprogram is not installed")

@pytest.mark.xfail(reason="known")
def test_known_bug():
    assert False
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", pytester.path / "conftest.py")
    pytester.makepyfile(SUITE)
    return pytester


def test_a_skip_fails_with_its_reason_in_ci(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    result = suite.runpytest_subprocess("-p", "no:asyncio")
    result.assert_outcomes(passed=1, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*skipped although CI=true: *nosuchprogram is not installed*"])


def test_a_skip_is_a_skip_elsewhere(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    result = suite.runpytest_subprocess("-p", "no:asyncio")
    result.assert_outcomes(passed=1, skipped=1, xfailed=1)


def test_a_module_that_skips_itself_fails_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", pytester.path / "conftest.py")
    pytester.makepyfile('import pytest\npytest.skip("no server", allow_module_level=True)')
    monkeypatch.setenv("CI", "true")
    result = pytester.runpytest_subprocess("-p", "no:asyncio")
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*skipped although CI=true: *no server*"])
