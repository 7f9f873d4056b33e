#!/usr/bin/env python3
"""Times nram and PyTorch in turn (A B A B ...), whole transfers and whole training steps, and prints medians,
spreads and the ratio.

  bench/compare_pytorch.py --mode infer --batch 1 8
  bench/compare_pytorch.py --mode train --batch 1 --rounds 5
  bench/compare_pytorch.py --mode train --batch 8 --layout contiguous --sequential

Both run float32 on the same number of threads; PyTorch (bench/pytorch_peer.py) in its faster memory layout,
found by a first measurement. A ratio above 1 says that nram is faster. Both stay in memory, unless
--sequential starts one process a round, which warms up, times an iteration and ends before the other's
begins: for batches of which memory holds only one."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def clean_environment(threads):
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    environment["OMP_NUM_THREADS"] = str(threads)
    return environment


class Peer:
    """A child that answers a line with the seconds of one iteration."""

    def __init__(self, command, threads):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=clean_environment(threads))
        self.ready = self.process.stdout.readline().strip()
        if not self.ready:
            sys.exit(f"compare_pytorch: '{' '.join(command)}' did not start; see its message above")

    def seconds(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline().strip()
        return json.loads(line)["seconds"] if line.startswith("{") else float(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def seconds_of_one(command, threads):
    """One iteration's seconds from a process that has memory to itself."""
    peer = Peer(command, threads)
    try:
        return peer.seconds()
    finally:
        peer.close()


def nram_command(options, batch):
    return [options.nram, "profile", "train" if options.mode == "train" else "transfer", "--peer",
            "--height", str(options.height), "--width", str(options.width), "--ngf",
            str(options.ngf), "--blocks", str(options.blocks), "--batch", str(batch)]


def pytorch_command(options, batch, layout):
    return [options.python, str(ROOT / "bench/pytorch_peer.py"), "--mode", options.mode, "--layout",
            layout, "--threads", str(options.threads), "--height", str(options.height), "--width",
            str(options.width), "--ngf", str(options.ngf), "--blocks", str(options.blocks),
            "--batch", str(batch)]


def fastest_layout(options, batch):
    times = {}
    for layout in ("contiguous", "channels_last"):
        peer = Peer(pytorch_command(options, batch, layout), options.threads)
        times[layout] = min(peer.seconds() for _ in range(2))
        peer.close()
    return min(times, key=times.get)


def spread(times):
    return f"{statistics.median(times):8.3f} s ({min(times):.3f} .. {max(times):.3f})"


def times_sequentially(options, commands):
    """A list of times for each command, one process at a time."""
    times = ([], [])
    for _ in range(options.rounds):
        for command, list_of_times in zip(commands, times):
            list_of_times.append(seconds_of_one(command, options.threads))
    return times


def times_together(options, commands):
    """A list of times for each command, all processes resident."""
    peers = [Peer(command, options.threads) for command in commands]
    times = ([], [])
    for _ in range(options.rounds):
        for peer, list_of_times in zip(peers, times):
            list_of_times.append(peer.seconds())
    for peer in peers:
        peer.close()
    return times


def compare(options, batch):
    layout = options.layout or fastest_layout(options, batch)
    commands = (nram_command(options, batch), pytorch_command(options, batch, layout))
    times = times_sequentially(options, commands) if options.sequential else times_together(options, commands)
    ratio = statistics.median(times[1]) / statistics.median(times[0])
    print(f"{options.mode} {options.height}x{options.width} ngf {options.ngf} blocks {options.blocks} "
          f"batch {batch}: nram {spread(times[0])}, PyTorch {layout} {spread(times[1])}, "
          f"ratio {ratio:.2f} (medians of {options.rounds}"
          f"{', one process at a time' if options.sequential else ''})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=("infer", "train"), default="infer")
    parser.add_argument("--batch", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=176)
    parser.add_argument("--ngf", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--layout", choices=("contiguous", "channels_last"),
                        help="PyTorch's layout (default: the faster one)")
    parser.add_argument("--sequential", action="store_true",
                        help="one process at a time: half the memory, a start and a warm-up each round")
    parser.add_argument("--nram", default=str(ROOT / "build/nram"))
    parser.add_argument("--python", default=sys.executable, help="a Python that has torch")
    options = parser.parse_args()
    for batch in options.batch:
        compare(options, batch)


if __name__ == "__main__":
    main()
