# SPDX-License-Identifier: Apache-2.0
"""XGBoost trained from a mounted file, and from the CSV as pandas reads it: the same model.

XGBoost takes what is absent from a sparse row for missing, so the dense and the sparse model of a
file are two; each is held against the CSV's cells given the same way."""
import dataclasses
import random
import shutil

import pytest

from support import paths
from encoder import Options

FORMATS = {"dense": {}, "sparse": {"format": "sparse", "zero_row": "zero"}}


@dataclasses.dataclass
class Table:
    """A file, and the columns to learn from."""
    name: str
    label: str
    features: list
    delimiter: str = ","
    quote: str = '"'

    def options(self, **more):
        return Options(header="yes", delimiter=self.delimiter, quote=self.quote, label=self.label,
                       features=":".join(self.features), **more).mount_options()

    def request(self, path, sparse):
        return {"csv": str(path), "label": self.label, "features": self.features,
                "sparse": sparse, "read": {"quotechar": self.quote,
                                           "sep": self.delimiter.replace("tab", "\t")}}


REAL = [
    Table("anes96.csv", "vote", "popul TVnews selfLR ClinLR DoleLR PID age educ income".split(),
          delimiter="tab", quote="'"),
    Table("modechoice.csv", "choice", "mode ttme invc invt gc hinc psize".split(), delimiter=";"),
    Table("seattle-weather.csv", "precipitation", ["temp_max", "temp_min", "wind"]),
]
MADE = Table("made.csv", "price", ["c%d" % column for column in range(9)])


def gaps(nr_rows=3000):
    """Rows of numbers, of zeros and of nothing, and a price that hangs on all of them."""
    dice = random.Random(11)
    yield ",".join(["id", *MADE.features, MADE.label])
    for row in range(nr_rows):
        zeros = 1 if row % 50 == 0 else 0.4
        cells = [0 if dice.random() < zeros else dice.gauss(0, 10) for _ in MADE.features]
        price = sum(cell * (column - 3) for column, cell in enumerate(cells)) + abs(cells[0])
        missing = 0 if row % 50 == 0 else 0.15
        texts = [dice.choice(["", "NA", "nan"]) if dice.random() < missing else "%.9g" % cell
                 for cell in cells]
        yield ",".join(["%d" % row, *texts, "%.7g" % price])


@pytest.fixture
def csv(source):
    """A maker of a table's file in the source folder."""
    def make(table):
        path = source / table.name
        if table is MADE:
            path.write_text("\n".join(gaps()) + "\n")
        else:
            shutil.copy(paths.DATA / "real" / table.name, path)
        return path

    return make


def same_model(xgboost, table, path, mounted, sparse):
    ours, theirs = xgboost({"recordio": str(mounted)}), xgboost(table.request(path, sparse))
    assert sum('"split"' in tree for tree in theirs["trees"]) > 6, "nothing was learnt"
    assert ours == theirs
    return ours


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("table", [*REAL, MADE], ids=lambda table: table.name)
def test_the_model_is_the_csvs(table, form, dtype, csv, source, mounts, xgboost):
    path = csv(table)
    mount = mounts(source, *table.options(dtype=dtype, **FORMATS[form]))
    same_model(xgboost, table, path, mount.file(path.stem + ".recordio"), form == "sparse")


@pytest.mark.parametrize("form", FORMATS)
def test_int32_makes_the_same_model(form, csv, source, mounts, xgboost):
    table = REAL[1]
    path = csv(table)
    mount = mounts(source, *table.options(dtype="int32", **FORMATS[form]))
    same_model(xgboost, table, path, mount.file(path.stem + ".recordio"), form == "sparse")


def test_missing_cells_and_rows_of_zeros_are_there(csv, source, mounts, xgboost):
    """What the made file is for; and zeros, kept or left out, are not one to XGBoost."""
    path = csv(MADE)
    nr_cells = {}
    for form in FORMATS:
        mount = mounts(source, *MADE.options(**FORMATS[form]))
        model = same_model(xgboost, MADE, path, mount.file("made.recordio"), form == "sparse")
        nr_cells[form] = model["cells"]
    assert 0.8 < nr_cells["dense"] / (3000 * len(MADE.features)) < 0.9
    assert nr_cells["sparse"] < 0.7 * nr_cells["dense"]


@pytest.mark.parametrize("form", FORMATS)
def test_other_columns_make_another_model(form, csv, source, mounts, xgboost):
    """That the comparison sees what it is there to see."""
    path = csv(MADE)
    turned = dataclasses.replace(MADE, features=MADE.features[1:] + MADE.features[:1])
    mount = mounts(source, *turned.options(**FORMATS[form]))
    ours = xgboost({"recordio": str(mount.file("made.recordio"))})
    theirs = xgboost(MADE.request(path, form == "sparse"))
    assert ours["cells"] == theirs["cells"]
    assert ours["trees"] != theirs["trees"]
    assert ours["predictions"] != theirs["predictions"]
