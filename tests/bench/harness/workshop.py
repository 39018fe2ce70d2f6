# SPDX-License-Identifier: Apache-2.0
"""Builds the programs, generates the data, and knows where all of it lies.

    SCRATCH/bin            peers, compiled on demand; a copy of our programs
           /data/b/b.csv   a folder for each set, to be mounted by itself
           /slice/b.csv    the first part of it, for the slow peers
           /encoded/b.rec  what a peer made of b.csv
           /index          offset maps
           /mounts         mount points
           /venv           pandas and the SageMaker SDK
"""
import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .data import SETS
from .measure import Failed, Skip, execute, execute_json

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent.parent
SDK = "sagemaker==2.257.6"
SLICE_MEGABYTES = 4


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _run(command, **more):
    """A step of a build, whose messages are shown where it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))}:\n{done.stdout}")


def _is_newer(made, *sources):
    """Whether a compiled file need not be made again."""
    return made.exists() and all(
        made.stat().st_mtime > source.stat().st_mtime for source in sources)


def _need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"{program} is missing: packaging/install-packages bench")


class Workshop:
    def __init__(self, scratch, build, set_names, megabytes, may_install):
        self.scratch = scratch
        self.build = build
        self.sets = [SETS[name] for name in set_names]
        self.megabytes = megabytes
        self.slice_megabytes = min(megabytes, SLICE_MEGABYTES)
        self.may_install = may_install
        scratch.mkdir(parents=True, exist_ok=True)
        if scratch.stat().st_uid != os.geteuid():
            raise Failed(f"{scratch} is another user's: choose a folder with --scratch")
        for folder in ("bin", "slice", "encoded", "index", "mounts"):
            (scratch / folder).mkdir(exist_ok=True)

    def set_named(self, *names):
        """The first of names that takes part in this run."""
        for name in names:
            for candidate in self.sets:
                if candidate.name == name:
                    return candidate
        raise Skip(f"needs one of the sets {' '.join(names)}")

    # Our programs.

    def compile(self):
        if not (self.build / "build.ninja").exists():
            say(f"setting up {self.build}")
            _run(["meson", "setup", self.build, ROOT, "--buildtype=release"])
        say("building")
        targets = ["bench", "core/recordio"]
        if self._has_mount():
            targets.append("fs/recordiofs")
        _run(["ninja", "-C", self.build, *targets])

    def _has_mount(self):
        info = json.loads(execute(["meson", "introspect", "--targets", self.build]).output)
        return any(target["name"] == "recordiofs" for target in info)

    @property
    def recordio(self):
        return self.build / "core" / "recordio"

    @functools.cached_property
    def recordiofs(self):
        """A copy that any user can reach, wherever the build lies."""
        return self._copy("fs/recordiofs")

    @functools.cached_property
    def null_fuse(self):
        return self._copy("tests/bench/null_fuse")

    @functools.cached_property
    def reader(self):
        return self._copy("tests/bench/reader")

    def _copy(self, program):
        source = self.build / program
        if not source.exists():
            raise Skip(f"{source.name} is not built (is fuse3 missing?)")
        return Path(shutil.copy2(source, self.scratch / "bin" / source.name))

    def tool(self, name):
        return self.build / "tests" / "bench" / name

    @functools.cached_property
    def kernels(self):
        """The kernels that run here, fastest first."""
        return execute_json([self.tool("encode"), "--kernels"])

    # Data.

    def csv(self, a_set):
        return self.scratch / "data" / a_set.name / f"{a_set.name}.csv"

    def slice(self, a_set):
        return self.scratch / "slice" / f"{a_set.name}.csv"

    def encoded(self, a_set):
        return self.scratch / "encoded" / f"{a_set.name}.rec"

    def generate(self):
        say(f"generating {self.megabytes:g} MB of each of: "
            f"{' '.join(a_set.name for a_set in self.sets)}")
        for a_set in self.sets:
            self.csv(a_set).parent.mkdir(parents=True, exist_ok=True)
            for megabytes, path in ((self.megabytes, self.csv(a_set)),
                                    (self.slice_megabytes, self.slice(a_set))):
                execute([self.tool("generate"), a_set.name, megabytes, path])

    def rows(self, a_set):
        return execute_json([self.tool("count_rows"), self.csv(a_set), 1])["rows"]

    def cat_command(self, a_set, csv=None):
        """`recordio cat` of a set, as a user would call it."""
        options = [f"--{name}={value}" for name, value in a_set.options.items()]
        return [self.recordio, "cat", *options, csv or self.csv(a_set)]

    # Peers.

    @functools.cached_property
    def _record_object(self):
        _need("g++", "protoc", "pkg-config")
        folder = self.scratch / "bin"
        proto, made = ROOT / "proto" / "record.proto", folder / "record.pb.o"
        if not _is_newer(made, proto):
            say("compiling the C++ peers")
            _run(["protoc", f"--proto_path={proto.parent}", f"--cpp_out={folder}", proto])
            _run(["g++", "-O2", "-c", folder / "record.pb.cc", "-o", made,
                  *self._protobuf("--cflags")])
        return made

    @staticmethod
    def _protobuf(what):
        try:
            return execute(["pkg-config", what, "protobuf"]).output.split()
        except Failed as failed:
            raise Skip("libprotobuf-dev is missing: packaging/install-packages bench") from failed

    def _compile_peer(self, name, *libraries):
        program, source = self.scratch / "bin" / name, BENCH / f"{name}.cc"
        record_object = self._record_object
        if not _is_newer(program, source, record_object):
            _run(["g++", "-O2", f"-I{program.parent}", *self._protobuf("--cflags"),
                  source, record_object, "-o", program, *libraries, *self._protobuf("--libs")])
        return program

    @functools.cached_property
    def peer_protobuf(self):
        return self._compile_peer("peer_protobuf")

    @functools.cached_property
    def consumer_dmlc(self):
        try:
            return self._compile_peer("consumer_dmlc", "-ldmlc")
        except Failed as failed:
            say(str(failed))
            raise Skip("consumer_dmlc does not compile: packaging/install-packages bench") \
                from failed

    @functools.cached_property
    def sdk_python(self):
        """A Python that has the SageMaker SDK: the tests' one, or one of our own."""
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        own = self.scratch / "venv" / "bin" / "python"
        for python in (os.environ.get("SAGEMAKER_PYTHON"),
                       cache / "recordiofs-tests" / "venv" / "bin" / "python", own):
            if python and Path(python).exists() and self._has_sdk(python):
                return python
        if not self.may_install:
            raise Skip(f"{SDK} is not installed, and --quick does not install it")
        say(f"installing {SDK} from PyPI, which takes a minute")
        try:
            _run([sys.executable, "-m", "venv", own.parent.parent])
            _run([own, "-m", "pip", "install", "--quiet", SDK])
        except Failed as failed:
            say(str(failed))
            raise Skip(f"{SDK} cannot be installed from PyPI") from failed
        return own

    @staticmethod
    def _has_sdk(python):
        probe = ("import importlib.metadata as m; "
                 f"raise SystemExit(m.version('sagemaker') != '{SDK.split('==')[1]}')")
        return subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def sdk_command(self, a_set, out, exact=False):
        return [self.sdk_python, BENCH / "sdk_writer.py", *(["--exact"] if exact else []),
                f"--drop={':'.join(map(str, a_set.drop))}", self.slice(a_set), out, a_set.label]


class TmpfsCopy:
    """A file copied to memory for a while."""

    def __init__(self, path, shm=Path("/dev/shm")):
        self.source = path
        self.folder = shm / f"recordiofs-bench-{os.getpid()}"

    def __enter__(self):
        if not os.access(self.folder.parent, os.W_OK):
            raise Skip(f"{self.folder.parent} cannot be written")
        if shutil.disk_usage(self.folder.parent).free < 2 * self.source.stat().st_size:
            raise Skip(f"{self.folder.parent} is too small")
        self.folder.mkdir()
        return Path(shutil.copy(self.source, self.folder))

    def __exit__(self, *_):
        shutil.rmtree(self.folder)
