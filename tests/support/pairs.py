# SPDX-License-Identifier: Apache-2.0
"""Few combinations in which every two values of different options meet."""
import itertools


def pairwise(factors, dice):
    """factors is {name: [value…]}; returns [{name: value}], every pair in one of them."""
    names = list(factors)
    missing = {frozenset([(a, x), (b, y)]) for a, b in itertools.combinations(names, 2)
               for x in factors[a] for y in factors[b]}
    rows = []
    while missing:
        row = dict(dice.choice(sorted(missing, key=lambda pair: sorted(map(repr, pair)))))
        for name in dice.sample(names, len(names)):
            if name not in row:
                row[name] = max(dice.sample(factors[name], len(factors[name])), key=lambda value: sum(
                    frozenset([(name, value), other]) in missing for other in row.items()))
        missing -= {frozenset(pair) for pair in itertools.combinations(row.items(), 2)}
        rows.append(row)
    return rows
