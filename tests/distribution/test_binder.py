"""What Binder would build: repo2docker writes its Dockerfile here, no container engine needed."""

import os
import re
from pathlib import Path

import pytest
from repo2docker.app import Repo2Docker
from repo2docker.utils import chdir

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def build():
    """The first of repo2docker's build packs that takes this repository."""
    with chdir(str(ROOT)):
        packs = (pack(base_image="a-base-image") for pack in Repo2Docker().buildpacks)
        build = next(pack for pack in packs if pack.detect())
        build.platform = "linux/amd64"
        build.dockerfile = build.render({"NB_USER": "someone", "NB_UID": "1000"})
        yield build


def position(dockerfile, text):
    assert dockerfile.count(text) == 1, f"{text!r} is there {dockerfile.count(text)} times"
    return dockerfile.index(text)


def test_only_the_files_in_binder_count(build):
    assert type(build).__name__ == "CondaBuildPack"
    assert build.environment_yaml_path == "binder/environment.yml"
    assert re.findall(r'--file "([^"]*environment.yml)"', build.dockerfile) == [
        "binder/environment.yml"
    ]


def test_python_is_the_one_that_the_environment_names(build):
    named = re.search(r"- python=(\S+)", (ROOT / "binder/environment.yml").read_text("utf-8"))[1]
    assert build.python_version == named
    assert f"environment.py-{named}" in " ".join(build.get_build_script_files())


def test_the_environment_comes_before_the_sources(build):
    """So that a changed notebook does not install PyTorch anew."""
    environment = position(build.dockerfile, 'env update -p ${NB_PYTHON_PREFIX} --file "binder/')
    sources = position(build.dockerfile, "COPY --chown=1000:1000 src/ ${REPO_DIR}/")
    post_build = position(build.dockerfile, "RUN ./binder/postBuild")
    assert environment < sources < post_build


def test_the_package_is_installed_from_the_root_without_its_dependencies(build):
    assert build.get_post_build_scripts() == ["binder/postBuild"]
    script = (ROOT / "binder/postBuild").read_text("utf-8")
    assert re.search(r"^python -m pip install .*--no-deps -e \.$", script, re.MULTILINE)


def test_a_session_starts_with_one_thread(build):
    position(build.dockerfile, 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"')
    script = (ROOT / "binder/start").read_text("utf-8")
    assert "export OMP_NUM_THREADS=1\n" in script
    assert script.endswith('exec "$@"\n')


@pytest.mark.parametrize("name", ["binder/postBuild", "binder/start", ".ci/run"])
def test_scripts_can_be_run(name):
    assert os.access(ROOT / name, os.X_OK)
