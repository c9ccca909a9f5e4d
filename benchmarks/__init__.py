"""Speed, as ratios against a baseline measured in the same run: machines are noisy, ratios less so.

``python -m benchmarks [NAME …] [--lines N] [--rounds N]`` runs the modules ``bench_*.py`` and prints one table.
"""

import flows as flows  # sets polars' allocator, before anything here loads polars
