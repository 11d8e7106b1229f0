"""pyproject.toml and both conda environments name the same packages with the same bounds."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rattler import MatchSpec

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ENVIRONMENTS = {
    "environment.yml": {"torch": "pytorch", "matplotlib": "matplotlib-base"},
    "binder/environment.yml": {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"},
}  # the names that conda-forge has for PyPI's


def conda_lines(path):
    """The lines of the environment for conda, and those for pip."""
    lines = yaml.safe_load((ROOT / path).read_text("utf-8"))["dependencies"]
    pip = [line for part in lines if isinstance(part, dict) for line in part["pip"]]
    return [line for line in lines if isinstance(line, str)], pip


def bounds(specifier):
    return set(str(specifier).replace(" ", "").split(","))


@pytest.mark.parametrize("path", ENVIRONMENTS)
def test_the_same_packages_with_the_same_bounds(path):
    asked = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"]
    wanted = {
        ENVIRONMENTS[path].get(need.name, need.name): bounds(need.specifier)
        for need in map(Requirement, asked)
    }
    specs = [MatchSpec(line, strict=True) for line in conda_lines(path)[0]]
    named = {spec.name.normalized: bounds(spec.version) for spec in specs}
    assert len(named) == len(specs), "a package is named twice"
    python, _ = named.pop("python"), named.pop("pip")
    assert named == wanted
    (exact,) = python  # one exact minor version
    minor = exact.strip("=.*")
    assert minor.count(".") == 1 and f"{minor}.0" in SpecifierSet(PROJECT["requires-python"])


@pytest.mark.parametrize("path", ENVIRONMENTS)
def test_everything_comes_from_conda_forge_alone(path):
    channels = yaml.safe_load((ROOT / path).read_text("utf-8"))["channels"]
    assert channels == ["conda-forge", "nodefaults"]


def test_pip_installs_only_the_package_and_not_on_binder():
    """A local path in Binder's file would make it install everything anew for each commit."""
    assert conda_lines("environment.yml")[1] == ["-e ."]
    assert conda_lines("binder/environment.yml")[1] == []
