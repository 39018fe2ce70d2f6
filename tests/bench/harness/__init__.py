# SPDX-License-Identifier: Apache-2.0
"""What the goals share: builds and data, runs and statistics, mounts, the table."""
