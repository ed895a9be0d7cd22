"""Tests of Frontdesk. What is set here holds for their servers, too."""

import os

# By default numpy starts a thread a core as it is imported: the fork server may have none, and on a busy machine they
# wait for each other for seconds by spinning.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
