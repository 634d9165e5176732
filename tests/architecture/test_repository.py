"""What must never be in the repository."""

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
INDEX_ADDRESS = re.compile(r"--(?:extra-)?index-url|--find-links|files\.pythonhosted|https?://\S*/simple\b")


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name.decode() for name in listing.stdout.split(b"\0") if name]


def test_no_file_names_a_package_index() -> None:
    here = Path(__file__)
    texts = {
        path: path.read_text(errors="replace") for path in tracked_files() if path.exists() and path != here
    }
    assert texts
    assert not [str(path) for path, text in texts.items() if INDEX_ADDRESS.search(text)]


def test_every_javascript_package_is_locked_by_its_hash_alone() -> None:
    for lock in (path for path in tracked_files() if path.name == "package-lock.json"):
        packages = json.loads(lock.read_text())["packages"]
        locked = {name: entry for name, entry in packages.items() if name}
        assert locked
        assert all(entry["integrity"].startswith("sha512-") for entry in locked.values())
        assert not [name for name, entry in locked.items() if "resolved" in entry]


def test_every_locked_version_has_a_hash() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        entries = re.split(r"\n(?=\S)", lock.read_text().strip())
        assert entries
        assert not [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
