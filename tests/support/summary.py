# SPDX-License-Identifier: Apache-2.0
"""Count the results that the stages of tests/run left behind.

    summary.py RESULTS                          print, and exit 1 on failures
    summary.py --record FOLDER NAME KIND WHY    leave a result of one's own

A stage's folder may hold pytest's JUnit XML, meson's testlog.json, and the XML
that cmocka programs wrote (cmocka/PROGRAM.GROUP.xml); a program that meson ran
counts by its cases where it wrote them, else as one test.
"""
import collections
import glob
import json
import os
import sys
import xml.etree.ElementTree as ElementTree

Result = collections.namedtuple("Result", "kind name why")


def one_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[0] if lines else ""


def of_junit(path):
    for case in ElementTree.parse(path).iter("testcase"):
        name = "%s::%s" % (case.get("classname") or "", case.get("name"))
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if bad is not None:
            yield Result("failed", name, one_line(bad.get("message") or bad.text))
        elif skipped is not None:
            yield Result("skipped", name, one_line(skipped.get("message") or skipped.text)
                         or "the test gives no reason")
        else:
            yield Result("passed", name, "")


def of_meson(path):
    cmocka = os.path.join(os.path.dirname(path), "cmocka")
    with open(path, encoding="utf-8") as log:
        for test in map(json.loads, log):
            yield from of_program(test, cmocka)


def of_program(test, cmocka):
    program = next((os.path.basename(word) for word in test["command"]
                    if not word.endswith("cmocka-wrapper")), test["name"])
    cases = []
    for path in glob.glob(os.path.join(glob.escape(cmocka), glob.escape(program) + ".*.xml")):
        try:
            cases += [Result(kind, "%s::%s" % (program, name.rpartition("::")[2]), why)
                      for kind, name, why in of_junit(path)]
        except ElementTree.ParseError:
            cases.append(Result("failed", program, "wrote damaged results"))
    yield from cases
    if test["result"] in ("OK", "EXPECTEDFAIL"):
        if not cases:
            yield Result("passed", test["name"], "")
    elif test["result"] == "SKIP":
        yield Result("skipped", test["name"], one_line(test.get("stdout")) or "the program says so")
    elif not any(case.kind == "failed" for case in cases):
        yield Result("failed", test["name"], "ended with %s (status %s)" % (
            test["result"], test.get("returncode")))


def of_records(path):
    with open(path, encoding="utf-8") as records:
        for line in records:
            yield Result(*json.loads(line))


def of_stage(folder):
    readers = {"testlog.json": of_meson, "records.jsonl": of_records}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.endswith(".xml"):
            yield from of_junit(path)
        elif name in readers:
            yield from readers[name](path)


def record(folder, name, kind, why):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "records.jsonl"), "a", encoding="utf-8") as records:
        records.write(json.dumps(Result(kind, name, why)) + "\n")


def counts(results):
    tally = collections.Counter(result.kind for result in results)
    return "%d passed, %d failed, %d skipped" % (
        tally["passed"], tally["failed"], tally["skipped"])


def main():
    if sys.argv[1] == "--record":
        record(*sys.argv[2:])
        return 0
    total = []
    print("\n== Results")
    for stage in sorted(os.listdir(sys.argv[1])):
        results = list(of_stage(os.path.join(sys.argv[1], stage)))
        print("%-10s %s" % (stage, counts(results)))
        total += [result._replace(name="%s: %s" % (stage, result.name)) for result in results]
    for kind in ("skipped", "failed"):
        for result in total:
            if result.kind == kind:
                print("%s  %s  (%s)" % (kind, result.name, result.why))
    print(counts(total))
    return any(result.kind == "failed" for result in total) or not total


if __name__ == "__main__":
    sys.exit(main())
