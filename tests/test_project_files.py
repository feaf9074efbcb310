"""The files about the project agree with each other: version, licence, gate, issue forms."""

import configparser
import tomllib

import yaml

from tests.conftest import ROOT

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")


def test_version_to_cite_is_the_version_that_is_installed() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == SETUP["metadata"]["version"]
    assert citation["license"] == SETUP["metadata"]["license"] == "Apache-2.0"


def test_changelog_knows_the_version() -> None:
    assert f"## [{SETUP['metadata']['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_licence_files_are_there_and_packaged() -> None:
    files = SETUP["metadata"]["license_files"].split()
    assert files == ["LICENSE", "NOTICE"]
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert all((ROOT / name).stat().st_size for name in files)


def test_every_package_says_that_it_is_typed() -> None:
    assert "py.typed" in SETUP["options.package_data"]["*"]
    assert all((ROOT / package / "py.typed").exists() for package in ("edge", "export", "benchmarks"))


def test_commit_hook_runs_what_make_check_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks] == ["make check"]


def test_line_of_code_and_python_version_are_stated_once_each() -> None:
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
    oldest = SETUP["options"]["python_requires"].removeprefix(">=")
    assert ruff["target-version"] == "py" + oldest.replace(".", "")
    assert SETUP["mypy"]["python_version"] == oldest


def test_issue_forms_ask_for_something() -> None:
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert [form.stem for form in forms] == ["bug", "config", "idea"]
    for form in forms[0], forms[2]:
        fields = yaml.safe_load(form.read_text())["body"]
        assert any(field.get("validations", {}).get("required") for field in fields), form.name
