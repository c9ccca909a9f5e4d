"""Settings of a run and the office's own thresholds.

Environment (``LOOKTHROUGH_*``) over TOML (``lookthrough.toml``, or the file of ``--config``) over
default. Nothing is read and no folder is made at import.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from flows.steps.errors import ConfigurationError

CONFIG_FILE = "lookthrough.toml"


class Settings(BaseSettings):
    """What a run can be told beside its folders; each field as ``LOOKTHROUGH_<FIELD>`` too."""

    model_config = SettingsConfigDict(env_prefix="LOOKTHROUGH_", extra="forbid", frozen=True)

    landing: Path = Field(default=Path("data/landing"), description="folder of delivered files")
    warehouse: Path = Field(default=Path("data/warehouse"), description="folder of lake and DuckDB file")
    exports: Path = Field(default=Path("data/exports"), description="folder that receives the weeks")
    thresholds: Path | None = Field(default=None, description="the office's thresholds.toml")
    lock_wait_seconds: float = Field(
        default=600.0, ge=0, description="how long a second run waits for the first"
    )
    workers: int = Field(
        2, ge=0, le=256, description="processes that read files side by side; 0 reads in the run itself"
    )
    memory: str = Field(default="6GB", description="memory DuckDB may use before it spills")
    aliases: tuple[Path, ...] = Field(default=(), description="the office's own tables of header aliases")
    profiles: tuple[Path, ...] = Field(default=(), description="the office's own bank profiles")
    proof: Path | None = Field(
        default=None, description="a backtest's proof.json that lets the score learned from verdicts rank"
    )
    dossier_rows: int = Field(default=25, ge=1, description="evidence rows a dossier shows of one finding")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line over environment over TOML over default."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load(config: Path | None = None, **given: Any) -> Settings:
    """Read the settings of this run.

    Parameters
    ----------
    config : Path, optional
        TOML file; left out, ``lookthrough.toml`` of the working folder if there is one.
    **given
        What the command line said; None means it said nothing.

    Returns
    -------
    Settings

    Raises
    ------
    ConfigurationError
        When the file is missing or unreadable, or a value does not fit.
    """
    if config is not None and not config.is_file():
        raise ConfigurationError(f"The settings file {config} does not exist; name an existing TOML file.")
    path = config or Path(CONFIG_FILE)

    class FromFile(Settings):
        model_config = SettingsConfigDict(
            env_prefix="LOOKTHROUGH_", extra="forbid", frozen=True, toml_file=path
        )

    try:
        return FromFile(**{k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        what = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(
            f"Settings do not fit ({what}). Correct {path} or the environment."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"The settings file {path} cannot be read: {error}.") from None


@dataclass(frozen=True, slots=True)
class Override:
    """A threshold an office set for itself.

    Attributes
    ----------
    key : str
        ``<typology>.<parameter>``.
    value : float
    reason : str
        Why, in the office's words.
    date : date
        The day it was decided.
    """

    key: str
    value: float
    reason: str
    date: dt.date


def read_thresholds(path: Path | None) -> tuple[Override, ...]:
    """Read thresholds.toml: one table ``[typology.parameter]`` with ``value``, ``reason``, ``date``.

    Whether a key exists is checked where the typologies are known (`flows.steps.judge`).

    Returns
    -------
    tuple of Override
        Sorted by key; empty without a file.

    Raises
    ------
    ConfigurationError
        When the file is missing, is no TOML, or a table lacks a field or has another one.
    """
    if path is None:
        return ()
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The thresholds file {path} cannot be read: {error}.") from None
    found = []
    for code, parameters in tables.items():
        for name, entry in (parameters if isinstance(parameters, dict) else {"": None}).items():
            key = f"{code}.{name}"
            if not isinstance(entry, dict) or set(entry) != {"value", "reason", "date"}:
                raise ConfigurationError(
                    f"{path}: [{key}] must be a table of exactly value, reason and date."
                )
            value, reason, date = entry["value"], entry["reason"], entry["date"]
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ConfigurationError(f"{path}: [{key}] value must be a number.")
            if not isinstance(reason, str) or not reason.strip():
                raise ConfigurationError(f"{path}: [{key}] reason must say why, in words.")
            if not isinstance(date, dt.date) or isinstance(date, dt.datetime):
                raise ConfigurationError(f"{path}: [{key}] date must be a day such as 2016-06-27.")
            found.append(Override(key, float(value), reason.strip(), date))
    return tuple(sorted(found, key=lambda o: o.key))


def parse_set(text: str) -> tuple[str, float]:
    """Read one ``--set typology.parameter=value``.

    Raises
    ------
    ConfigurationError
        When it is not of that form.
    """
    key, separator, value = text.partition("=")
    try:
        if not separator or "." not in key:
            raise ValueError
        return key.strip(), float(value)
    except ValueError:
        raise ConfigurationError(
            f"--set {text}: write it as typology.parameter=number, e.g. fund-pool.max_idle_days=7."
        ) from None
