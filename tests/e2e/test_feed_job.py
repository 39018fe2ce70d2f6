# SPDX-License-Identifier: Apache-2.0
"""What a training job says, fed: orders, shares, manifests, wrappers, configuration."""
import gzip
import json
import subprocess

import pytest

from support import frames, make, paths, tool
from support.feeding import Feed
from encoder import Options, encode
import order


NR_FILES = 9


@pytest.fixture
def train(tmp_path):
    """Files in two folders, each with a header."""
    folder = tmp_path / "train"
    (folder / "more").mkdir(parents=True)
    for i in range(NR_FILES):
        path = folder / ("%d.csv" % i if i % 2 else "more/%d.csv.gz" % i)
        text = make.numbers(100 + i, 4, seed=i, header=True)
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return folder


@pytest.fixture
def to(tmp_path):
    return tmp_path / "input"


def keys_of(folder):
    return sorted((str(path.relative_to(folder)) for path in folder.rglob("*.csv*")),
                  key=str.encode)


def joined(folder, keys):
    parts = []
    for key in keys:
        data = (folder / key).read_bytes()
        parts.append(encode(gzip.decompress(data) if key.endswith(".gz") else data,
                            Options()).data)
    return b"".join(parts)


def feed_epochs(train, to, nr, *options):
    with Feed({"train": train}, to, "--epochs", nr, *options) as feed:
        epochs = [feed.read("train", epoch) for epoch in range(nr)]
        feed.end(tool.DONE)
    return epochs


def test_a_seed_gives_each_epoch_an_order_and_always_the_same(train, to):
    keys = keys_of(train)
    got = feed_epochs(train, to, 4, "--seed", 11)
    assert got == [joined(train, order.objects(keys, epoch, 11)) for epoch in range(4)]
    assert len(set(got)) == 4
    assert got == feed_epochs(train, to, 4, "--seed", 11, "--shuffle", "files")
    assert got != feed_epochs(train, to, 4, "--seed", 12)
    assert feed_epochs(train, to, 2, "--shuffle=files") == \
        [joined(train, order.objects(keys, epoch, 0)) for epoch in range(2)]


def test_rows_are_shuffled_by_seed_epoch_file_and_block(tmp_path, to):
    folder = tmp_path / "train"
    folder.mkdir()
    text = make.numbers(1000, 4)
    (folder / "a.csv").write_bytes(text)
    whole = encode(text, Options()).data
    size = len(whole) // 1000
    records = [whole[i * size:(i + 1) * size] for i in range(1000)]
    got = feed_epochs(folder, to, 3, "--shuffle", "rows", "--seed", 5)
    for epoch in range(3):
        expected = order.permutation(5, epoch, "a.csv", 0, 1000)
        assert got[epoch] == b"".join(records[i] for i in expected)


@pytest.mark.parametrize("options", [(), ("--seed", "3")], ids=["plain", "shuffled"])
def test_hosts_share_all_objects(train, to, options):
    keys, hosts = keys_of(train), ["algo-1", "algo-2", "algo-3"]
    seed = int(options[1]) if options else None
    for number, host in enumerate(hosts):
        got = feed_epochs(train, to, 2, "--distribution", "ShardedByS3Key", "--hosts",
                          ":".join(hosts), "--current_host", host, *options)
        for epoch in range(2):
            share = order.objects(keys, epoch, seed, number, len(hosts))
            assert len(share) == NR_FILES // len(hosts)
            assert got[epoch] == joined(train, share)


def test_a_host_without_a_share_has_empty_epochs(tmp_path, to):
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "a.csv").write_bytes(b"1,2\n3,4\n")
    assert feed_epochs(folder, to, 2, "--distribution", "shardedbys3key", "--hosts", "a:b",
                       "--current_host", "b") == [b"", b""]


def test_a_manifest_says_what_and_in_which_order(train, to, tmp_path):
    keys = ["more/8.csv.gz", "1.csv", "more/0.csv.gz"]
    manifest = tmp_path / "m.json"
    manifest.write_text(json.dumps([{"prefix": "s3://bucket/train/"}, *keys]))
    assert feed_epochs(train, to, 1, "--manifest", manifest) == [joined(train, keys)]
    manifest.write_text(json.dumps([{"prefix": "s3://bucket/"}, "test/x.csv", "train/1.csv"]))
    assert feed_epochs(train, to, 1, "--manifest", manifest) == [joined(train, ["1.csv"])]


@pytest.mark.parametrize("text,code,message", [
    ('[{"prefix": "s3://b/train/"},\n "1.csv"', 2,
     "M:2:8: this is no JSON: ']' expected near end of file"),
    ('["1.csv"]', 2, 'M: entry 1 of the manifest is not {"prefix": "s3://BUCKET/..."}'),
    ('[{"prefix": "s3://b/train/"}, "../x.csv"]', 2, "M: entry 2 of the manifest is no path "
     "below a folder: '.', '..' and empty names are none"),
    ('[{"prefix": "s3://b/train/"}, "none.csv"]', 3, "M: entry 2 of the manifest: "
     "train/none.csv is no CSV file that is there: No such file or directory"),
    ('[{"prefix": "s3://b/other/"}, "1.csv"]', 2, "M names no file of channel train"),
    (None, 3, "M: cannot be opened: No such file or directory"),
])
def test_a_wrong_manifest_is_a_wrong_call(train, to, tmp_path, text, code, message):
    manifest = tmp_path / "m.json"
    if text is not None:
        manifest.write_text(text)
    done = tool.recordio("feed", "--channel", "train=%s" % train, "--to", to, "--manifest",
                         manifest)
    assert done.stderr.decode() == "recordio: %s\n" % message.replace("M", str(manifest), 1)
    assert done.returncode == code
    assert not to.exists()


def test_wrong_hyperparameters_are_a_wrong_call(train, to, tmp_path):
    (tmp_path / "h.json").write_text('{"a": [1]}')
    done = tool.recordio("feed", "--channel", "train=%s" % train, "--to", to,
                         "--hyperparameters", tmp_path / "h.json")
    assert done.stderr.decode() == "recordio: %s/h.json: the hyperparameter \"a\" is neither " \
        "text, nor a number, true or false\n" % tmp_path
    assert done.returncode == tool.WRONG_CALL
    assert not to.exists()


def test_gzip_is_the_same_stream_compressed(train, to):
    for packed in feed_epochs(train, to, 2, "--compression", "Gzip"):
        assert gzip.decompress(packed) == joined(train, keys_of(train))


def test_wrapped_records_are_the_files(train, to):
    expected = b"".join(frames.frame((train / key).read_bytes()) for key in keys_of(train))
    assert feed_epochs(train, to, 1, "--record_wrapper", "RecordIO") == [expected]


def test_the_configuration_is_sagemakers(train, to, tmp_path):
    (tmp_path / "h.json").write_text('{"epochs": 3, "lr": 0.1}')
    with Feed({"train": train, "test": train}, to, "--hyperparameters", tmp_path / "h.json",
              "--hosts", "algo-2:algo-1", "--distribution", "ShardedByS3Key",
              "--content_type", "text/csv;label_size=1") as feed:
        feed.path("test", 0)
        config = {path.name: json.loads(path.read_text())
                  for path in (to / "config").iterdir()}
    channel = {"ContentType": "application/x-recordio-protobuf", "TrainingInputMode": "Pipe",
               "S3DistributionType": "ShardedByS3Key", "RecordWrapperType": "None"}
    assert config["inputdataconfig.json"] == {"train": channel, "test": channel}
    assert config["hyperparameters.json"] == {"epochs": "3", "lr": "0.1"}
    resource = config["resourceconfig.json"]
    assert resource["current_host"] == "algo-2"
    assert resource["hosts"] == ["algo-1", "algo-2"]
    assert resource["network_interface_name"] == "eth0"


def test_links_out_of_the_channel_are_told(train, to, tmp_path):
    (tmp_path / "out.csv").write_bytes(b"1,2,3,4\n")
    keys = keys_of(train)
    (train / "link.csv").symlink_to(tmp_path / "out.csv")
    (train / "a.csv").symlink_to("1.csv")
    with Feed({"train": train}, to, "--epochs", 1) as feed:
        assert feed.read("train", 0) == joined(train, sorted(keys + ["a.csv"], key=str.encode))
        done = feed.end(tool.DONE)
    assert done.stderr.decode() == "recordio: note: %s: left out, since links lead out of it: " \
        "1\n" % train


def test_completion_knows_feed():
    script = 'PATH=%s:$PATH; . %s; COMP_WORDS=(recordio feed --in); COMP_CWORD=2; _recordio; ' \
             'echo "${COMPREPLY[@]}"; COMP_WORDS=(recordio feed --distribution ""); COMP_CWORD=3; ' \
             '_recordio; echo "${COMPREPLY[@]}"' % (
                 paths.RECORDIO.parent, paths.TOP / "packaging" / "completions" / "recordio")
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode().splitlines()
    assert lines[0].split() == ["--index_dir", "--input_mode"]
    assert sorted(lines[1].split()) == ["FullyReplicated", "ShardedByS3Key"]
