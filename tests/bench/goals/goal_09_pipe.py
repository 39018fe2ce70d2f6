# SPDX-License-Identifier: Apache-2.0
"""The FIFO of a channel, cold: against goal 3's cat."""
from harness.measure import Row, at_least

NUMBER = 9
TITLE = "FIFO of a channel, cold, against goal 3's cat"


def measure(shop, settings):
    yield Row(NUMBER, TITLE, at_least(1.2), skipped="comes with pipe mode")
