"""What the benchmarks on a real control plane share: see README.md."""
