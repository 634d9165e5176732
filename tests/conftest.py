"""What every test obeys: in continuous integration (CI=true) nothing is skipped, a skip fails with its reason."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# The suites that test modules inherit say what they found, as the modules themselves do.
pytest.register_assert_rewrite("contract", "peers", "stage")

# No test is timed: a busy machine is no defect. In CI every run tries the same examples.
settings.register_profile("crossroom", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("crossroom")

IN_CI = os.environ.get("CI", "").lower() == "true"


def no_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure; an expected failure is no skip."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped although CI=true: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    no_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    no_skip(report)
    return report
