"""DVC's settings: no key in the committed .dvc/config, and no S3 remote whose data is taken unread."""

from __future__ import annotations

import re
from configparser import ConfigParser
from configparser import Error as BadConfig
from pathlib import Path

from dvc.config import Config, ConfigError

from chorus.errors import DataError

# The options of DVC's remotes that are keys, whatever the kind of storage.
_KEYS = (
    {"access_key_id", "secret_access_key", "session_token", "sse_customer_key"}  # S3
    | {"account_key", "sas_token", "connection_string", "client_secret"}  # Azure
    # the others
    | {"password", "passphrase", "token"}
    | {"oss_key_id", "oss_key_secret", "gdrive_client_secret"}
)
_LOOKS_SECRET = (
    ("an access key of AWS", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    (
        "a secret",
        re.compile(
            r"(?i)(?:secret_access_key|session_token|root_password)\s*[=:]\s*['\"]?[\w/+.-]{12,}"
        ),
    ),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    (
        "a password in an address",
        re.compile(r"(?i)\b[a-z][a-z0-9+]*://[^\s/:@'\"{}<>]*:[^\s@'\"{}<>]+@"),
    ),
    # as long as tokens are: the name in ssh://git@host is none
    ("a token in an address", re.compile(r"(?i)\b[a-z][a-z0-9+]*://[\w.~%-]{20,}@")),
    (
        "a signature in an address",
        re.compile(r"(?i)[?&](?:x-amz-signature|x-amz-security-token|sig|signature|token)=\w"),
    ),
)


def find_config(folder: Path) -> Path | None:
    """The committed .dvc/config of the repository around a folder; None if there is none."""
    for at in (folder, *folder.parents):
        path = at / ".dvc" / "config"
        if path.is_file():
            return path
    return None


def refuse_secrets(config: str) -> None:
    """Refuse keys in the text of a .dvc/config: git would publish them.

    Raises:
        DataError: there is one; names where, and how to move it. Or the text is no such file.
    """
    for section, options in _sections(config).items():
        for option in options:
            if option in _KEYS:
                name = _remote(section)
                remedy = f"dvc remote modify --unset {name} {option}; dvc remote modify --local {name} {option} ..."
                raise DataError(
                    f".dvc/config holds {option} of remote {name!r}, and git would publish it: {remedy}"
                )
    if found := secrets_in(config):
        raise DataError(
            f".dvc/config holds {found[0]}, and git would publish it: dvc remote modify --local ..."
        )


def unverified(folder: Path) -> list[str]:
    """The S3 remotes whose objects DVC takes without comparing them with their hashes: the remedy of each.

    Args:
        folder: .dvc. What DVC goes by is read: config.local, and the settings of the user, too.

    Raises:
        DataError: DVC refuses its settings.
    """
    try:
        config = Config(str(folder))
        committed = config.read("repo")["remote"]
    except ConfigError as error:
        raise DataError(f"DVC's settings cannot be read: {' '.join(str(error).split())}") from None
    commands = []
    for name, options in config["remote"].items():
        if str(options["url"]).startswith("s3://") and not options.get("verify"):
            # Where the remote stands, its option belongs: a remote of this machine alone is nobody else's business.
            where = "--local "
            if name in committed:
                where = ""
            commands.append(f"dvc remote modify {where}{name} verify true")
    return commands


def secrets_in(text: str) -> list[str]:
    """What in a text looks like a key: "a private key", ...; never the key itself."""
    return [name for name, pattern in _LOOKS_SECRET if pattern.search(text)]


def _sections(config: str) -> dict[str, dict[str, str]]:
    # an address may hold %, and an option that stands twice is a key none the less
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(config)
    except BadConfig as error:
        raise DataError(f".dvc/config cannot be read: {' '.join(str(error).split())}") from None
    return {section: dict(parser[section]) for section in parser.sections()}


def _remote(section: str) -> str:
    """The name in a section such as 'remote "storage"', quotes included."""
    return section.strip("'").removeprefix("remote").strip(' "')
