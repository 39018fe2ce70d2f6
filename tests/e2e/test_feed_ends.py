# SPDX-License-Identifier: Apache-2.0
"""How recordio feed ends: with its command, by signals, with wrong data, with a wrong call;
and that nothing is left of it."""
import json
import os
import shutil
import signal
import stat
import subprocess
import sys

import pytest

from support import make, paths, tool
from support.feeding import Feed, Reader, until
from encoder import Options, encode


@pytest.fixture
def train(tmp_path):
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "a.csv").write_bytes(make.numbers(20000, 6, seed=1))
    return folder


@pytest.fixture
def whole(train):
    return encode((train / "a.csv").read_bytes(), Options()).data


@pytest.fixture
def to(tmp_path):
    return tmp_path / "input"


# Behind what was sent before an error: no reader takes it for a frame.
MARK = b"\xff" * 4

SCRIPT = """
import hashlib, json, os, sys
print(json.dumps({name: value for name, value in os.environ.items() if name[:3] == "SM_"}))
for channel in json.loads(os.environ["SM_CHANNELS"]):
    for epoch in range(2):
        with open("%s_%d" % (os.environ["SM_CHANNEL_" + channel.upper()], epoch), "rb") as pipe:
            print(channel, epoch, hashlib.sha256(pipe.read()).hexdigest())
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model"), "w") as model:
    model.write("trained")
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize("code", [0, 1, 42])
def test_a_command_has_sagemakers_environment_and_its_code_counts(train, whole, to, tmp_path, code):
    import hashlib
    (tmp_path / "hps.json").write_text('{"lr": 0.1, "Name": "x"}')
    with Feed({"train": train, "test": train}, to, "--hyperparameters", tmp_path / "hps.json",
              command=[sys.executable, "-c", SCRIPT, code]) as feed:
        lines = feed.end(code).stdout.decode().splitlines()
    env = json.loads(lines[0])
    assert env["SM_CHANNEL_TRAIN"] == str(to / "data" / "train")
    assert json.loads(env["SM_CHANNELS"]) == ["test", "train"]
    assert env["SM_HP_LR"] == "0.1" and env["SM_HP_NAME"] == "x"
    assert json.loads(env["SM_HPS"]) == {"lr": 0.1, "Name": "x"}
    assert int(env["SM_NUM_CPUS"]) == os.cpu_count()
    digest = hashlib.sha256(whole).hexdigest()
    assert lines[1:] == ["%s %d %s" % (name, epoch, digest)
                         for name in ("test", "train") for epoch in range(2)]
    # What the command made beside is his; the folder is called input, so that is beside it.
    assert (tmp_path / "model" / "model").read_text() == "trained"
    assert not to.exists() and not (tmp_path / "output").exists()


def test_a_variable_of_the_user_says_where_models_go(train, to, tmp_path):
    env = dict(os.environ, SM_MODEL_DIR=str(tmp_path / "mine"), SM_CURRENT_HOST="other")
    with Feed({"train": train}, to, command=["sh", "-c", "echo $SM_MODEL_DIR $SM_CURRENT_HOST"],
              env=env) as feed:
        assert feed.end(0).stdout.decode() == "%s algo-1\n" % (tmp_path / "mine")
    assert not (tmp_path / "model").exists() and not (tmp_path / "mine").exists()


def test_a_command_is_run_as_if_it_were_alone(train, to):
    script = "import resource, signal, os, sys; print(" \
             "resource.getrlimit(resource.RLIMIT_NOFILE), signal.pthread_sigmask(" \
             "signal.SIG_BLOCK, []), signal.getsignal(signal.SIGPIPE), " \
             "sorted(os.listdir('/proc/self/fd')), sys.argv[1:])"
    alone = subprocess.run([sys.executable, "-c", script, "--epochs", "-x", "--"],
                           stdout=subprocess.PIPE, check=True).stdout
    with Feed({"train": train}, to,
              command=[sys.executable, "-c", script, "--epochs", "-x", "--"]) as feed:
        assert feed.end(0).stdout == alone


def test_a_command_that_a_signal_ends_has_a_shells_code(train, to):
    with Feed({"train": train}, to, command=["sh", "-c", "kill -KILL $$"]) as feed:
        feed.end(128 + signal.SIGKILL)


def test_a_command_that_is_not_there(train, to):
    with Feed({"train": train}, to, command=["/no/such/command"]) as feed:
        done = feed.end(tool.REFUSED)
    assert done.stderr == b"recordio: cannot run /no/such/command: No such file or directory\n"
    assert not to.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_are_passed_on_to_the_command(train, to, number):
    script = "import signal, sys, time\n" \
             "def leave(number, frame): print('got', number, flush=True); sys.exit(9)\n" \
             "signal.signal(int(sys.argv[1]), leave)\n" \
             "print('ready', flush=True); time.sleep(600)"
    with Feed({"train": train}, to, command=[sys.executable, "-c", script, int(number)]) as feed:
        assert feed.process.stdout.readline() == b"ready\n"
        feed.process.send_signal(number)
        assert feed.end(9).stdout == b"got %d\n" % number
    assert not to.exists()


def test_a_reader_that_outlives_the_command_sees_the_end(train, to, tmp_path):
    late = tmp_path / "late"
    script = "cat $SM_CHANNEL_TRAIN'_0' > /dev/null; " \
             "{ exec 3< $SM_CHANNEL_TRAIN'_1'; touch %s.open; cat <&3 > /dev/null; touch %s; } " \
             "> /dev/null 2>&1 & " \
             "while ! [ -e %s.open ]; do sleep 0.01; done" % (late, late, late)
    with Feed({"train": train}, to, "--stall", "0.1", command=["sh", "-c", script]) as feed:
        feed.end(0)
    until(late.exists, "the end of the pipe")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_feeding_and_waiting_readers(train, to, number):
    """One reads what stalls, one does not read what waits for him."""
    with Feed({"train": train, "test": train}, to, "--stall", "600") as feed:
        waiting = Reader(feed.read, "train", 0)
        idle = open(feed.path("test", 0), "rb", buffering=0)
        feed.path("train", 1)
        feed.path("test", 1)
        feed.process.send_signal(number)
        feed.end(tool.DONE)
        assert waiting.get() == MARK
        assert idle.read() == MARK
        idle.close()
    assert not to.exists()


def test_a_signal_ends_a_full_pipe(train, to):
    with Feed({"train": train}, to) as feed:
        with open(feed.path("train", 0), "rb", buffering=0) as pipe:
            pipe.read(1)
            feed.process.send_signal(signal.SIGTERM)
            feed.end(tool.DONE)
    assert not to.exists()


def test_a_signal_before_all_epochs_were_read_is_no_success(train, to):
    with Feed({"train": train}, to, "--epochs", 2) as feed:
        feed.read("train", 0)
        feed.path("train", 1)
        feed.process.send_signal(signal.SIGTERM)
        feed.end(128 + signal.SIGTERM)
    assert not to.exists()


def test_ignored_signals_stay_ignored(train, to):
    """As of a script's background job, which Ctrl-C is not meant for."""
    with Feed({"train": train}, to, "--epochs", 1,
              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) as feed:
        feed.path("train", 0)
        feed.process.send_signal(signal.SIGINT)
        feed.read("train", 0)
        feed.end(tool.DONE)


def test_a_bad_row_ends_the_pipe_so_that_nobody_takes_it_for_the_end(tmp_path, to):
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "a.csv").write_text("1,2\n3,4\n")
    (folder / "b.csv").write_text("1,2\n3,four\n5,6\n")
    before = (encode(b"1,2\n3,4\n", Options()).data + encode(b"1,2\n", Options()).data)
    with Feed({"train": folder}, to, "--header", "no") as feed:
        for epoch in range(3):
            assert feed.read("train", epoch) == before + MARK
        (folder / "b.csv").write_text("1,2\n3,4\n")
        assert feed.read("train", 3) == 2 * encode(b"1,2\n3,4\n", Options()).data
        feed.process.send_signal(signal.SIGTERM)
        done = feed.end(tool.WRONG_DATA)
    place = ("%s/b.csv:2:3: 'four' is not a number" % folder).encode()
    assert done.stderr.count(place) == 1, done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("code,told", [(0, tool.WRONG_DATA), (5, 5)])
def test_a_bad_row_fails_a_command_that_did_not_see_it(tmp_path, to, code, told):
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "a.csv").write_text("1,2\n3,x\n")
    with Feed({"train": folder}, to, "--header=no", command=[
            "sh", "-c", "cat $SM_CHANNEL_TRAIN'_0' > /dev/null; exit %d" % code]) as feed:
        done = feed.end(told)
    assert b"a.csv:2:3:" in done.stderr


def test_epochs_that_cannot_be_read_end_it(tmp_path, to, train, whole):
    """Else a script that waits for feed would wait for good."""
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "a.csv").write_text("1,2\n3,x\n")
    with Feed({"train": train, "bad": bad}, to, "--epochs", 2, "--header=no") as feed:
        with open(feed.path("train", 0), "rb", buffering=0) as pipe:
            first = pipe.read(100)
            feed.read("bad", 0)
            until(lambda: not (to / "data" / "bad_1").exists(), "the end of bad")
            assert first + pipe.readall() == whole
        feed.end(tool.WRONG_DATA)
    assert not to.exists()


def test_a_file_that_is_gone_is_told(train, to):
    (train / "b.csv").write_bytes(b"1,2,3,4,5,6\n")
    with Feed({"train": train}, to) as feed:
        feed.path("train", 0)
        (train / "b.csv").unlink()
        got = feed.read("train", 0)
        assert got.endswith(MARK)
        feed.process.send_signal(signal.SIGTERM)
        done = feed.end(tool.REFUSED)
    assert ("%s/b.csv: " % train).encode() in done.stderr
    assert b"No such file or directory" in done.stderr


def unprivileged(*arguments, **settings):
    """The tool as nobody, where the tests run as root."""
    if os.geteuid() != 0:
        return tool.recordio(*arguments, **settings)
    setpriv = shutil.which("setpriv")
    if not setpriv:
        pytest.skip("setpriv is not installed")
    nobody = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", str(paths.RECORDIO)]
    if subprocess.run([*nobody, "--version"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("nobody cannot run %s" % paths.RECORDIO)
    return subprocess.run([*nobody, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, **settings)


@pytest.fixture
def public(tmp_path):
    """A folder that anybody may look into."""
    folder = tmp_path
    while folder != folder.parent:
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o755)
        folder = folder.parent
    return tmp_path


def test_a_folder_that_is_not_writable(train, public):
    closed = public / "closed"
    closed.mkdir(mode=0o555)
    for place, name in [(closed, closed / ".recordio-feed"), (closed / "new", closed / "new")]:
        done = unprivileged("feed", "--channel", "train=%s" % train, "--to", place)
        assert done.returncode == tool.REFUSED
        assert done.stderr == b"recordio: %s: cannot be made: Permission denied\n" % (
            str(name).encode())


def test_a_file_that_cannot_be_read(train, public):
    (train / "b.csv").write_bytes(b"1,2,3,4,5,6\n")
    (train / "b.csv").chmod(0)
    place = public / "open"
    place.mkdir()
    place.chmod(0o777)
    done = unprivileged("feed", "--channel", "train=%s" % train, "--to", place, "--index_dir",
                        "none", "--", "sh", "-c", "cat $SM_CHANNEL_TRAIN'_0' | wc -c")
    assert done.returncode == tool.REFUSED, done.stderr
    assert ("%s/b.csv: " % train).encode() in done.stderr
    assert b"Permission denied" in done.stderr
    assert os.listdir(place) == []


@pytest.mark.parametrize("name", ["config/inputdataconfig.json", "config/hyperparameters.json",
                                  "data/train_0", ".recordio-feed"])
def test_names_that_are_taken_are_refused(train, to, name):
    (to / name).parent.mkdir(parents=True)
    (to / name).write_text("mine")
    done = tool.recordio("feed", "--channel", "train=%s" % train, "--to", to)
    assert done.returncode == tool.WRONG_CALL
    assert done.stderr.startswith(b"recordio: %s: this is there already: " % str(to / name).encode())
    assert (to / name).read_text() == "mine"
    assert sum(len(files) for _, _, files in os.walk(to)) == 1


def test_a_later_name_that_is_taken_ends_it(train, to, whole):
    (to / "data").mkdir(parents=True)
    (to / "data" / "train_1").write_text("mine")
    with Feed({"train": train}, to) as feed:
        until(lambda: (to / "data" / "train_0").exists(), "train_0")
        Reader(feed.read, "train", 0).get()
        done = feed.end(tool.WRONG_CALL)
    assert b"train_1: this is there already" in done.stderr
    assert (to / "data" / "train_1").read_text() == "mine"


def test_two_feeds_do_not_share_a_folder(train, to):
    with Feed({"train": train}, to) as feed:
        feed.path("train", 0)
        done = tool.recordio("feed", "--channel", "other=%s" % train, "--to", to)
        assert done.returncode == tool.WRONG_CALL
        assert b"fed by another recordio" in done.stderr
        feed.read("train", 0)


WRONG_CALLS = [
    ([], "feed needs --to FOLDER; see recordio feed --help"),
    (["--to", "x"], "feed needs a --channel NAME=DIR; see recordio feed --help"),
    (["--to", "x", "--channel", "train"], "--channel train is not NAME=DIR"),
    (["--to", "x", "--channel", "train="], "--channel train= is not NAME=DIR"),
    (["--to", "x", "--channel", "a/b=."], "--channel a/b=.: a channel's name has 1 to 64 letters, "
     "digits, '-', '.' and '_'"),
    (["--to", "x", "--channel", "a=.", "--channel", "a=."], "there are two channels a"),
    (["--to", "x", "--channel", "a=.", "--epochs", "0"], "--epochs 0 is no number from 1"),
    (["--to", "x", "--channel", "a=.", "--epochs", "2K"], "--epochs 2K is no number from 1"),
    (["--to", "x", "--channel", "a=.", "--slow", "0"],
     "--slow 0 is no number of bytes, as 10M or 64K"),
    (["--to", "x", "--channel", "a=.", "--stall", "1.2345"],
     "--stall 1.2345 is no number of seconds, as 2 or 0.25"),
    (["--to", "x", "--channel", "a=.", "--stall", "."],
     "--stall . is no number of seconds, as 2 or 0.25"),
    (["--to", "x", "--channel", "a=.", "--input_mode", "File"],
     "feed is Pipe mode; recordiofs -o layout=sagemaker is all modes"),
    (["--to", "x", "--channel", "a=.", "--seed", "1", "--shuffle", "none"],
     "seed and shuffle=none: there is nothing for the seed to order"),
    (["--to", "x", "--channel", "a=.", "python3"],
     "one argument too many: python3; the command to run stands behind --"),
    (["--to", "x", "--channel", "a=."], ". has no CSV file for channel a"),
    (["--content-type", "image/png"], "content_type=image/png is not understood: content_type "
     "takes text/csv or application/x-recordio-protobuf, with ;label_size=N if the number of "
     "label columns is to be told: nothing else is made of a CSV"),
]


@pytest.mark.parametrize("arguments,message", WRONG_CALLS)
def test_wrong_calls_are_explained(tmp_path, arguments, message):
    done = tool.recordio("feed", *arguments, cwd=tmp_path)
    assert done.stderr.decode() == "recordio: %s\n" % message
    assert done.returncode == tool.WRONG_CALL
    assert not (tmp_path / "x").exists()


def test_a_channel_without_its_folder(tmp_path):
    done = tool.recordio("feed", "--to", tmp_path / "x", "--channel", "a=%s/none" % tmp_path)
    assert done.returncode == tool.REFUSED
    assert done.stderr == b"recordio: %s/none: cannot be opened: No such file or directory\n" % (
        str(tmp_path).encode())


@pytest.mark.threads
def test_nothing_is_left_of_fifty_epochs(train, to, whole):
    """One descriptor for each FIFO that can be opened; else as many as in the beginning."""
    with Feed({"train": train, "test": train}, to) as feed:
        def held():
            return feed.fds() - len(os.listdir(to / "data"))

        feed.path("test", 0)
        idle = 2 if "tsan" in paths.BUILD.name else 1  # it has a thread of its own
        feed.read("train", 0)
        until(lambda: feed.threads() == idle, "the end of the feeding threads")
        before = held()
        for epoch in range(1, 51):
            if epoch % 3:
                assert feed.read("train", epoch) == whole
            else:
                assert feed.read("train", epoch, 1000 * epoch) == whole[:1000 * epoch]
            feed.read("test", epoch - 1, 10)
        until(lambda: feed.threads() == idle, "the end of the feeding threads")
        assert held() == before
        assert len(os.listdir(to / "data")) == 52 + 51
    assert not to.exists()


def test_few_descriptors_are_enough(train, to, whole):
    """The oldest FIFOs go first."""
    import resource

    with Feed({"train": train}, to, "--epochs", 30,
              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (260, 260))) as feed:
        for epoch in range(30):
            assert feed.read("train", epoch) == whole
        assert len(os.listdir(to / "data")) <= 4 if (to / "data").exists() else True
        feed.end(tool.DONE)


def test_fifos_are_for_those_whom_the_umask_lets(train, to):
    with Feed({"train": train}, to, preexec_fn=lambda: os.umask(0o027)) as feed:
        mode = feed.path("train", 0).stat().st_mode
        assert stat.S_IMODE(mode) == 0o640
