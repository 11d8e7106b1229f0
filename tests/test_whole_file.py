"""A file is written whole or not at all."""

import pytest

from segviz.whole_file import write_whole


def broken(file):
    file.write(b"half")
    raise RuntimeError("the disk is gone")


def test_bytes_and_functions_that_write_them(tmp_path):
    write_whole(tmp_path / "new" / "folder" / "a", b"one")
    write_whole(str(tmp_path / "b"), lambda file: file.write(b"two"))
    assert (tmp_path / "new" / "folder" / "a").read_bytes() == b"one"
    assert (tmp_path / "b").read_bytes() == b"two"


@pytest.mark.parametrize("before", [b"old", None])
def test_what_fails_half_way_changes_nothing(tmp_path, before):
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(RuntimeError, match="the disk is gone"):
        write_whole(path, broken)
    left = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert left == ({} if before is None else {"file": before})


def test_a_file_that_is_replaced_hands_on_its_permissions(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_whole(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o640 and path.read_bytes() == b"new"
