# SPDX-License-Identifier: Apache-2.0
"""Other people's programs: found, compiled or installed on demand.

    SCRATCH/bin            the C++ peers
           /venv           pandas and the SageMaker SDK, as the SDK wants it
           /venv-readers   DuckDB, polars, pyarrow and pandas, newer than that

Each raises Skip with the reason where it cannot be had here.
"""
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .measure import Failed, Skip, execute, run_quietly, say

BENCH = Path(__file__).resolve().parent.parent
PROTO = BENCH.parent.parent / "proto" / "record.proto"
SDK = "sagemaker==2.257.6"
LEARNER = "scikit-learn==1.9.1"
RUNS = 3  # rounds against those that are far slower: they would take most of the time
READERS = {"duckdb": "2.0.0", "polars": "2.1.0", "pyarrow": "26.0.1", "pandas": "3.1.1"}


def _is_newer(made, *sources):
    """Whether a compiled file need not be made again."""
    return made.exists() and all(
        made.stat().st_mtime > source.stat().st_mtime for source in sources)


def _need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"{program} is missing: packaging/install-packages bench")


def _protobuf(what):
    try:
        return execute(["pkg-config", what, "protobuf"]).output.split()
    except Failed as failed:
        raise Skip("libprotobuf-dev is missing: packaging/install-packages bench") from failed


def _version_of(python, package):
    """What that Python has of a package; nothing where it does not."""
    if not python or not Path(python).exists():
        return ""
    probe = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
    done = subprocess.run([python, "-c", probe, package], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip()


class Peers:
    def __init__(self, scratch, may_install, zsv):
        self.scratch = scratch
        self.may_install = may_install
        self._zsv = zsv
        self.versions = {}  # of those that were used
        self._reader_pythons = {}  # or why there is none

    # C++, compiled here.

    @functools.cached_property
    def _record_object(self):
        _need("g++", "protoc", "pkg-config")
        folder = self.scratch / "bin"
        made = folder / "record.pb.o"
        if not _is_newer(made, PROTO):
            say("compiling the C++ peers")
            run_quietly(["protoc", f"--proto_path={PROTO.parent}", f"--cpp_out={folder}", PROTO])
            run_quietly(["g++", "-O2", "-c", folder / "record.pb.cc", "-o", made,
                         *_protobuf("--cflags")])
        self.versions["libprotobuf"] = _protobuf("--modversion")[0]
        return made

    def _compile(self, name, *libraries):
        program, source = self.scratch / "bin" / name, BENCH / f"{name}.cc"
        record_object = self._record_object
        if not _is_newer(program, source, record_object):
            run_quietly(["g++", "-O2", f"-I{program.parent}", *_protobuf("--cflags"),
                         source, record_object, "-o", program, *libraries, *_protobuf("--libs")])
        return program

    @functools.cached_property
    def protobuf(self):
        return self._compile("peer_protobuf")

    @functools.cached_property
    def dmlc(self):
        try:
            return self._compile("consumer_dmlc", "-ldmlc")
        except Failed as failed:
            say(str(failed))
            raise Skip("consumer_dmlc does not compile: packaging/install-packages bench") \
                from failed

    # Python, from PyPI.

    def _python_with(self, package, version, folder, elsewhere):
        """A Python that has a package: in one of our folders, installed there, or elsewhere."""
        own = self.scratch / folder / "bin" / "python"
        for python in (own, *elsewhere):
            if _version_of(python, package) == version:
                break
        else:
            python = self._install(package, version, own)
        self.versions[package] = version
        return python

    def _install(self, package, version, python):
        wanted = f"{package}=={version}"
        if not self.may_install:
            raise Skip(f"{wanted} is not installed, and --quick does not install it")
        say(f"installing {wanted} from PyPI, which takes a while")
        try:
            if not python.exists():
                run_quietly([sys.executable, "-m", "venv", python.parent.parent])
            run_quietly([python, "-m", "pip", "install", "--quiet", "--retries=1", "--timeout=15",
                         wanted, "numpy"])
        except Failed as failed:
            say(str(failed))
            raise Skip(f"{wanted} cannot be installed from PyPI") from failed
        return python

    @functools.cached_property
    def sdk_python(self):
        """A Python that has the SageMaker SDK: the tests' one, or one of our own."""
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        elsewhere = (os.environ.get("SAGEMAKER_PYTHON"),
                     cache / "recordiofs-tests" / "venv" / "bin" / "python")
        return self._python_with(*SDK.split("=="), "venv", elsewhere)

    @functools.cached_property
    def learner_python(self):
        """The SDK's, with scikit-learn beside it."""
        python = self.sdk_python
        version = _version_of(python, "scikit-learn")
        if not version:
            self._install(*LEARNER.split("=="), Path(python))
            version = _version_of(python, "scikit-learn")
        self.versions["scikit-learn"] = version
        return python

    def reader_python(self, library):
        """A Python that has one of READERS; where it cannot be had, that is tried once."""
        if library not in self._reader_pythons:
            try:
                self._reader_pythons[library] = self._find_reader_python(library)
            except Skip as skip:
                self._reader_pythons[library] = skip
        if isinstance(self._reader_pythons[library], Skip):
            raise self._reader_pythons[library]
        return self._reader_pythons[library]

    def _find_reader_python(self, library):
        """The SDK's has a pandas, which is better than none."""
        elsewhere = (os.environ.get("RECORDIOFS_BENCH_PYTHON"),)
        try:
            return self._python_with(library, READERS[library], "venv-readers", elsewhere)
        except Skip as skip:
            try:
                python = self.sdk_python
            except Skip:
                raise skip from None
            version = _version_of(python, library)
            if not version:
                raise
            self.versions[library] = version
            return python

    def sdk_command(self, a_set, csv, out, exact=False):
        return [self.sdk_python, BENCH / "sdk_writer.py", *(["--exact"] if exact else []),
                f"--drop={':'.join(map(str, a_set.drop))}", csv, out, a_set.label]

    def reader_command(self, library, task, a_set, csv, threads, *more):
        """One of peer_python.py's tasks, which prints a JSON object."""
        return [self.reader_python(library), BENCH / "peer_python.py", library, task, csv,
                a_set.columns, f"--label={a_set.label}", f"--threads={threads}", *more]

    # Whatever else is on the machine.

    @functools.cached_property
    def zsv(self):
        program = shutil.which(self._zsv)
        if not program:
            raise Skip("zsv is not on PATH: name it with --zsv or RECORDIOFS_BENCH_ZSV")
        self.versions["zsv"] = execute([program, "version"]).output.strip()
        return program
