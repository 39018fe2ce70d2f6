# SPDX-License-Identifier: Apache-2.0
"""Builds the programs, generates the data, and knows where all of it lies.

    SCRATCH/bin            a copy of our programs, beside the peers
           /data/b/b.csv   a folder for each set, to be mounted by itself
           /slice/b.csv    the first part of it, for the slow peers
           /encoded/b.rec  what a peer made of b.csv
           /index          offset maps
           /mounts         mount points
"""
import functools
import json
import os
import shutil
from pathlib import Path

from .data import SETS
from .measure import Failed, Skip, execute, execute_json, run_quietly, say
from .peers import Peers

ROOT = Path(__file__).resolve().parents[3]
SLICE_MEGABYTES = 4


class Workshop:
    def __init__(self, scratch, build, set_names, megabytes, may_install, zsv):
        self.scratch = scratch
        self.build = build
        self.sets = [SETS[name] for name in set_names]
        self.megabytes = megabytes
        self.slice_megabytes = min(megabytes, SLICE_MEGABYTES)
        self.peers = Peers(scratch, may_install, zsv)
        self.cores = len(os.sched_getaffinity(0))
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
            run_quietly(["meson", "setup", self.build, ROOT, "--buildtype=release"])
        say("building")
        targets = ["bench", "core/recordio"]
        if self._has_mount():
            targets.append("fs/recordiofs")
        run_quietly(["ninja", "-C", self.build, *targets])

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

    def cat_command(self, a_set, csv=None, *more):
        """`recordio cat` of a set, as a user would call it."""
        options = [f"--{name}={value}" for name, value in a_set.options.items()]
        return [self.recordio, "cat", *options, *more, csv or self.csv(a_set)]


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
