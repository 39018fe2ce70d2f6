# SPDX-License-Identifier: Apache-2.0
"""CSV to records on one core: against getline, strtof and libprotobuf.

Processor time of both.  Ours is the thread that reads the dataset in pieces of 1
MiB; the peer's is the whole program, its output on /dev/null.  Every kernel that
runs here is shown; the first one, which is the one in use, bears the goal.
`recordio cat` is the same work as a user has it, all of the program counted.
"""
from harness.measure import Row, Skip, at_least, by_turns, execute_json, execute_to_null, rate, \
    ratios

NUMBER = 2
TITLE = "encoder, one core, against strtof + libprotobuf"
IN_USE = {"a": at_least(20), "b": at_least(30), "c": at_least(20)}
BY_KERNEL = {("avx2", "b"): at_least(15), ("portable", "b"): at_least(5)}


def measure(shop, settings):
    plain = [a_set for a_set in shop.sets if a_set.plain]
    if not plain:
        raise Skip("needs one of the sets a b c")
    for a_set in plain:
        yield from measure_set(shop, settings, a_set)


def measure_set(shop, settings, a_set):
    csv = shop.csv(a_set)
    options = [f"{name}={value}" for name, value in a_set.options.items()]

    def peer():
        return execute_to_null([shop.peers.protobuf, csv, "/dev/null", a_set.label]).cpu_seconds

    def cat():
        return execute_to_null(shop.cat_command(a_set)).cpu_seconds

    def encode(kernel):
        command = [shop.tool("encode"), csv, *options]
        return execute_json(command, {"RECORDIOFS_KERNEL": kernel})["cpu_seconds"]

    contenders = {"peer": peer, "recordio cat": cat}
    for kernel in shop.kernels:
        contenders[kernel] = lambda kernel=kernel: encode(kernel)
    took = by_turns(settings.runs, contenders)

    def row(what, name, wanted):
        return Row(NUMBER, f"{a_set.name}: {what}", wanted, ratios(took["peer"], took[name]),
                   detail=f"{rate(csv.stat().st_size, took[name])}, "
                          f"peer {rate(csv.stat().st_size, took['peer'])}")

    yield row(f"{TITLE} ({shop.kernels[0]})", shop.kernels[0], IN_USE[a_set.name])
    for kernel in shop.kernels:
        wanted = BY_KERNEL.get((kernel, a_set.name))
        if wanted or kernel != shop.kernels[0]:
            yield row(f"the same, {kernel} kernel", kernel, wanted)
    yield row("the same, all of recordio cat", "recordio cat", None)
