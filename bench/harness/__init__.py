"""What every benchmark needs: scratch file systems, timing, pairs, statistics, reports."""
