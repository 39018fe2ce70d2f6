# SPDX-License-Identifier: Apache-2.0
"""layout=sagemaker: what is shown, and under which names."""
import json
import mmap
import os
import stat
import subprocess

import pytest

from support import make, mounting, paths, pipes
from encoder import Options, encode

LAYOUT = "layout=sagemaker"


@pytest.fixture
def channels(source):
    pipes.fill(source, ("train", "valid"), nr_rows=50)
    (source / "train" / "more").mkdir()
    (source / "train" / "more" / "x.csv").write_bytes(make.numbers(20))
    return source


def call(*arguments):
    reason = mounting.why_not()
    if reason:
        pytest.skip(reason)
    return subprocess.run([str(paths.RECORDIOFS), *map(str, arguments)], timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def test_a_job_finds_config_and_data(channels, mounts):
    mount = mounts(channels, LAYOUT)
    assert os.listdir(mount.path) == ["config", "data"]
    assert sorted(os.listdir(mount.file("config"))) == [
        "hyperparameters.json", "inputdataconfig.json", "resourceconfig.json"]
    assert os.listdir(mount.file("data")) == ["train", "train_0", "valid", "valid_0"]
    assert os.listdir(mount.file("data/train")) == [
        "more", "part-0.recordio", "part-1.recordio", "part-2.recordio"]


def test_listed_types_are_those_of_stat(channels, mounts):
    mount = mounts(channels, LAYOUT)
    for folder in ("", "config", "data", "data/train"):
        for entry in os.scandir(mount.file(folder)):
            mode = os.lstat(entry.path).st_mode
            assert entry.is_dir() == stat.S_ISDIR(mode), entry.path
            assert entry.is_file() == stat.S_ISREG(mode), entry.path


def test_an_epoch_is_a_fifo_that_its_feeder_may_write_to(channels, mounts):
    mount = mounts(channels, LAYOUT)
    for epoch in (0, 1, 77, 2 ** 64 - 2):
        shown = os.stat(pipes.fifo(mount, "train", epoch))
        assert stat.S_ISFIFO(shown.st_mode)
        assert stat.S_IMODE(shown.st_mode) == 0o644
        assert shown.st_uid == os.geteuid()


def test_files_are_those_of_the_folder(channels, mounts):
    mount = mounts(channels, LAYOUT)
    for name in ("train/part-0", "train/more/x", "valid/part-2"):
        assert mount.file("data/%s.recordio" % name).read_bytes() == encode(
            (channels / (name + ".csv")).read_bytes(), Options()).data


def test_config_has_exact_sizes_and_can_be_mapped(channels, mounts):
    mount = mounts(channels, LAYOUT, "input_mode=FastFile", "hosts=algo-1:algo-2",
                   "current_host=algo-2")
    for name in os.listdir(mount.file("config")):
        path = mount.file("config/" + name)
        shown = os.stat(path)
        assert stat.S_ISREG(shown.st_mode) and shown.st_mode & 0o222 == 0
        text = path.read_bytes()
        assert len(text) == shown.st_size
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
            assert view[:] == text
    data = json.loads(mount.file("config/inputdataconfig.json").read_text())
    assert sorted(data) == ["train", "valid"]
    assert data["train"]["TrainingInputMode"] == "File"
    resource = json.loads(mount.file("config/resourceconfig.json").read_text())
    assert (resource["hosts"], resource["current_host"]) == (["algo-1", "algo-2"], "algo-2")
    assert json.loads(mount.file("config/hyperparameters.json").read_text()) == {}


def test_a_new_channel_shows_in_config_as_another_file(channels, mounts):
    mount = mounts(channels, LAYOUT)
    path = mount.file("config/inputdataconfig.json")
    before = os.stat(path).st_ino
    assert sorted(json.loads(path.read_text())) == ["train", "valid"]
    (channels / "test").mkdir()
    assert sorted(json.loads(path.read_text())) == ["test", "train", "valid"]
    assert os.stat(path).st_ino != before
    assert "test_0" in os.listdir(mount.file("data"))


def test_hyperparameters_are_taken_from_a_file(channels, mounts, tmp_path):
    given = tmp_path / "hyper.json"
    given.write_text('{"epochs": 3, "rate": "0.1"}')
    mount = mounts(channels, LAYOUT, "hyperparameters=%s" % given)
    assert json.loads(mount.file("config/hyperparameters.json").read_text()) == {
        "epochs": "3", "rate": "0.1"}


@pytest.mark.parametrize("name", [
    "train_", "train_00", "train_01", "train_-1", "train_+1", "train_x", "train_0x", "_0", "0",
    "train_18446744073709551615", "train_99999999999999999999", "other_0", "train/part-0_0",
    "train_0/x", ".train_0"])
def test_what_is_no_epoch_does_not_exist(channels, mounts, name):
    mount = mounts(channels, LAYOUT)
    with pytest.raises((FileNotFoundError, NotADirectoryError)):
        os.stat(mount.file("data/" + name))


def test_a_folder_that_is_called_like_an_epoch_is_a_channel(source, mounts):
    pipes.fill(source, ("train", "train_0"), nr_rows=20)
    mount = mounts(source, LAYOUT)
    assert os.listdir(mount.file("data")) == ["train", "train_0", "train_0_0"]
    assert stat.S_ISDIR(os.stat(mount.file("data/train_0")).st_mode)
    assert pipes.read(mount, "train", 1) == pipes.files_of(mount, "train")
    assert pipes.read(mount, "train_0", 0) == pipes.files_of(mount, "train_0")
    assert os.listdir(mount.file("data")) == ["train", "train_0", "train_0_0", "train_0_1"]


def test_without_folders_source_is_one_channel(source, mounts):
    (source / "a.csv").write_bytes(make.numbers(30))
    (source / "b.csv").write_bytes(make.numbers(30, seed=2))
    mount = mounts(source, LAYOUT)
    assert os.listdir(mount.file("data")) == ["training", "training_0"]
    assert os.listdir(mount.file("data/training")) == ["a.recordio", "b.recordio"]
    assert pipes.read(mount, "training", 0) == pipes.files_of(mount, "training") != b""
    assert "it is the one channel, training" in mount.log_text()
    assert list(json.loads(mount.file("config/inputdataconfig.json").read_text())) == ["training"]


def test_an_empty_source_gets_channels_as_they_come(source, mounts):
    mount = mounts(source, LAYOUT)
    assert os.listdir(mount.file("data")) == []
    pipes.fill(source, ("late",), nr_rows=20)
    assert os.listdir(mount.file("data")) == ["late", "late_0"]
    assert pipes.read(mount, "late", 0) == pipes.files_of(mount, "late") != b""


def test_an_epoch_of_no_file_is_told_of_once(source, mounts):
    """A script that trains on nothing has no error to go by."""
    (source / "train").mkdir()
    mount = mounts(source, "layout=sagemaker")
    for epoch in range(2):
        assert (mount.path / "data" / ("train_%d" % epoch)).read_bytes() == b""
    mounting.wait_for(lambda: "there is no file for this host" in mount.log_text(), "the note")
    assert mount.log_text().count("no file") == 1


def test_files_beside_the_channels_are_told_of(channels, mounts):
    (channels / "stray.csv").write_bytes(b"1,2\n")
    mount = mounts(channels, LAYOUT)
    assert "in no channel: 1;" in mount.log_text()
    assert not os.path.exists(mount.file("data/stray.recordio"))


def test_a_folder_whose_name_no_channel_can_have_is_told_of(channels, mounts):
    (channels / "my data").mkdir()
    mount = mounts(channels, LAYOUT)
    assert os.listdir(mount.file("data")) == ["train", "train_0", "valid", "valid_0"]
    assert "my data: no channel" in mount.log_text()


def test_the_mountpoint_below_source_is_no_channel(source, mounts, tmp_path):
    pipes.fill(source, ("train",), nr_rows=20)
    mount = mounting.Mount(source, source / "here", tmp_path / "log", [LAYOUT])
    if mounting.why_not():
        pytest.skip(mounting.why_not())
    mount.start()
    try:
        assert os.listdir(mount.file("data")) == ["train", "train_0"]
        assert pipes.read(mount, "train", 0) == pipes.files_of(mount, "train")
    finally:
        assert mount.terminate() == 0


def test_label_size_holds_for_files_and_pipes(channels, mounts):
    mount = mounts(channels, LAYOUT, "content_type=text/csv;label_size=0")
    expected = b"".join(encode((channels / "valid" / ("part-%d.csv" % i)).read_bytes(),
                               Options(label="none")).data for i in range(3))
    assert pipes.files_of(mount, "valid") == expected
    assert pipes.read(mount, "valid", 0) == expected


def test_settings_hold_for_files_and_pipes(channels, mounts):
    (channels / "valid" / "recordiofs.ini").write_text("label = 2\n[part-1.csv]\nlabel = none\n")
    mount = mounts(channels, LAYOUT)
    expected = b"".join(encode((channels / "valid" / ("part-%d.csv" % i)).read_bytes(),
                               Options(label="none" if i == 1 else "2")).data for i in range(3))
    assert pipes.files_of(mount, "valid") == expected
    assert pipes.read(mount, "valid", 0) == expected


def test_each_host_has_its_share_in_both_modes(source, mounts):
    pipes.fill(source, ("train",), nr_files=7, nr_rows=20)
    whole, seen = mounts(source, LAYOUT), []
    for host in "abc":
        mount = mounts(source, LAYOUT, "distribution=ShardedByS3Key", "hosts=a:b:c",
                       "current_host=" + host)
        names = os.listdir(mount.file("data/train"))
        assert pipes.read(mount, "train", 0) == pipes.files_of(mount, "train") != b""
        seen += names
        for name in os.listdir(whole.file("data/train")):
            assert os.path.exists(mount.file("data/train/" + name)) == (name in names)
    assert sorted(seen) == os.listdir(whole.file("data/train"))


def test_a_manifest_chooses_in_both_modes(channels, mounts):
    (channels / "list.json").write_text(json.dumps(
        [{"prefix": "s3://bucket/train/"}, "more/x.csv", "part-1.csv"]))
    mount = mounts(channels, LAYOUT, "manifest=list.json")
    assert os.listdir(mount.file("data/train")) == ["more", "part-1.recordio"]
    assert os.listdir(mount.file("data/train/more")) == ["x.recordio"]
    assert os.listdir(mount.file("data/valid")) == []
    assert pipes.read(mount, "train", 0) == pipes.files_of(mount, "train") != b""
    assert pipes.read(mount, "valid", 0) == b""


@pytest.mark.parametrize("options,reason", [
    ("seed=1", "seed is about a training job: add layout=sagemaker"),
    ("layout=mirror,hosts=a", "hosts is about a training job: add layout=sagemaker"),
    (LAYOUT + ",input_mode=Tube", "input_mode"),
    (LAYOUT + ",current_host=b", "current_host=b is not among hosts"),
    (LAYOUT + ",manifest=/etc/passwd", "must lie below SOURCE"),
    (LAYOUT + ",manifest=train/part-0.csv", "train/part-0.csv"),
    ("layout=flat", "layout takes mirror or sagemaker")])
def test_what_a_job_cannot_say_is_a_wrong_call(channels, tmp_path, options, reason):
    (tmp_path / "mnt").mkdir()
    done = call(channels, tmp_path / "mnt", "-f", "-o", options)
    assert done.returncode == 2, done.stderr
    assert reason in done.stderr.decode()
    assert not mounting.is_mounted(tmp_path / "mnt")


@pytest.mark.parametrize("text", ["[1]", "{", ""])
def test_wrong_hyperparameters_are_a_wrong_call(channels, tmp_path, text):
    (tmp_path / "mnt").mkdir()
    (tmp_path / "hyper.json").write_text(text)
    done = call(channels, tmp_path / "mnt", "-f", "-o",
                LAYOUT + ",hyperparameters=%s" % (tmp_path / "hyper.json"))
    assert done.returncode == 2, done.stderr
    assert "hyper.json" in done.stderr.decode()


def test_only_the_daemon_may_write_to_the_folders(channels, mounts):
    mount = mounts(channels, LAYOUT)
    for name in ("config/new", "data/new", "data/train/new"):
        with pytest.raises(OSError):
            mount.file(name).write_text("x")
    with pytest.raises(OSError):
        os.unlink(pipes.fifo(mount, "train", 0))
