"""Secrets, read when the server is made: a trouble with one names its setting."""

from pathlib import Path


def secret(setting: str, value: str, file: str) -> str:
    """Read a secret from the file's first line, or take the value itself.

    Raises OSError, which names the setting, for a file that gives none.
    """
    try:
        found = Path(file).read_text(encoding="utf-8").partition("\n")[0].strip() if file else value
    except UnicodeDecodeError:
        raise OSError(f"{setting}: {file}: it is not UTF-8") from None
    except OSError as error:
        raise OSError(f"{setting}: {file}: {error.strerror}") from error
    if not found:
        raise OSError(f"{setting}: {file}: its first line is empty")
    return found
