# SPDX-License-Identifier: Apache-2.0
"""Calling recordio."""
import re
import subprocess

from support import paths

DONE, WRONG_DATA, WRONG_CALL, REFUSED = 0, 1, 2, 3

SANITIZER = re.compile(rb"Sanitizer|runtime error:|DEADLYSIGNAL")


def recordio(*args, **settings):
    """Run the tool; stdout and stderr are bytes.  A sanitizer's report is a failure."""
    settings.setdefault("timeout", 120)
    done = subprocess.run([str(paths.RECORDIO), *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **settings)
    assert not SANITIZER.search(done.stderr), done.stderr.decode(errors="replace")
    assert done.returncode >= 0, "killed by signal %d" % -done.returncode
    return done


def cat(path, options=None, span=None):
    """The bytes of a file that must encode, or the part (off, len) of them."""
    arguments = list(options.arguments()) if options else []
    if span:
        arguments.append("--range=%d:%d" % span)
    done = recordio("cat", *arguments, path)
    assert done.returncode == DONE, done.stderr.decode(errors="replace")
    return done.stdout
