#!/usr/bin/env python3
"""The PyTorch peer that NRAM's speed is measured beside, in float32 (or bf16 by autocast). It builds
the same networks (tests/golden/nram_torch.py), warms up, prints one JSON line that says what it is
ready to run, then reads commands, so that a driver can alternate it with the engine run by run:

  run    one timed iteration; answers {"seconds": S}
  quit   ends it, as the end of the input does

An iteration is what the engine's counts: heatmaps rendered from keypoints, then
  infer   the generator's pass for a batch
  train   the full step: generator, both discriminators (target and fake; each fake passes once through
          each and serves both losses), VGG-16 style loss, L1, all gradients, Adam on all three

For PyTorch's best: give it all cores (--threads), leave OPENBLAS_CORETYPE unset (some images set it to
an old processor, at half the speed), and use an optimised BLAS with the same OpenMP pool (Debian:
libopenblas0-openmp; the reference BLAS would make the Gram matrices cost seconds). The first line
reports what matrix products reach, so that a slow BLAS shows. --layout and --bf16 differ by machine:
measure them all."""
import argparse
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "golden"))

MODES = {"infer": "one batch through the generator, no gradients",
         "train": "one full training step of all three networks"}

SLOW_BLAS_GFLOPS = 8.0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="list the modes and end")
    parser.add_argument("--mode", choices=MODES, default="infer")
    parser.add_argument("--layout", choices=("contiguous", "channels_last"), default="contiguous")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=176)
    parser.add_argument("--ngf", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--norm", choices=("instance", "batch", "none"), default="instance")
    parser.add_argument("--warmup", type=int, default=2, help="untimed iterations before the first")
    arguments = parser.parse_args()
    for name in ("threads", "batch", "ngf", "blocks"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if arguments.height < 16 or arguments.width < 16 or arguments.height % 4 or arguments.width % 4:
        parser.error("--height and --width must be multiples of 4, at least 16")
    return arguments


class FrameworkAdam:
    """torch.optim.Adam behind the interface of nram_torch.Adam."""

    def __init__(self, parameters):
        import torch
        self.parameters = list(parameters)
        self.adam = torch.optim.Adam(self.parameters, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)

    def update(self, gradients):
        for parameter, gradient in zip(self.parameters, gradients):
            parameter.grad = gradient
        self.adam.step()


def make_batch(arguments):
    import torch
    generator = torch.Generator().manual_seed(1)
    shape = (arguments.batch, 3, arguments.height, arguments.width)
    images = [torch.rand(shape, generator=generator) * 2 - 1 for _ in range(2)]
    size = torch.tensor([arguments.height, arguments.width])
    points = [(torch.rand(arguments.batch, 18, 2, generator=generator) * size).floor()
              for _ in range(2)]
    return images + points


def matrix_product_gflops():
    import torch
    a = torch.rand(768, 768)
    best = float("inf")
    for _ in range(4):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * 768**3 / best / 1e9


def make_iteration(arguments):
    """A function that runs one iteration and returns when it is done."""
    import torch
    import nram_torch
    torch.manual_seed(1)
    layout = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    memory_format = layout[arguments.layout]
    source, target, keypoints_source, keypoints_target = make_batch(arguments)
    source, target = [x.contiguous(memory_format=memory_format) for x in (source, target)]

    if arguments.mode == "infer":
        generator = nram_torch.Generator(arguments.ngf, arguments.blocks, arguments.norm)
        generator.eval().to(memory_format=memory_format)

        def compute():
            with torch.inference_mode():
                poses = torch.cat([nram_torch.heatmaps(points, arguments.height, arguments.width)
                                   for points in (keypoints_source, keypoints_target)], dim=1)
                return generator(source, poses.contiguous(memory_format=memory_format))
    else:
        trainer = nram_torch.Trainer(arguments.ngf, arguments.blocks, arguments.norm)
        trainer.to(memory_format=memory_format)
        trainer.start_optimizers(FrameworkAdam)

        def compute():
            return trainer.step(source, target, keypoints_source, keypoints_target)

    def iteration():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.bf16):
            return compute()

    return iteration


def main():
    arguments = parse_arguments()
    if arguments.list:
        for mode, meaning in MODES.items():
            print(f"{mode:8}{meaning}")
        return
    import torch
    torch.set_num_threads(arguments.threads)
    iteration = make_iteration(arguments)
    for _ in range(arguments.warmup):
        iteration()
    gflops = matrix_product_gflops()
    if gflops < SLOW_BLAS_GFLOPS:
        print(f"warning: matrix products reach {gflops:.1f} GFLOP/s: PyTorch runs on a reference BLAS, "
              "which makes its training step slower than it needs to be", file=sys.stderr)
    ready = {key: value for key, value in vars(arguments).items() if key not in ("list", "warmup")}
    print(json.dumps({"ready": True, "torch": torch.__version__, **ready,
                      "matrix_product_gflops": round(gflops, 1),
                      "OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE", "")}), flush=True)
    for line in sys.stdin:
        command = line.strip()
        if command == "quit":
            return
        if command != "run":
            print(json.dumps({"error": f"unknown command '{command}': run or quit"}), flush=True)
            continue
        start = time.perf_counter()
        iteration()
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
