#!/usr/bin/env python3
"""Makes the golden files beside it: what PyTorch in double precision says that parity runs, losses,
metrics and single operations must give. Deterministic; README.md says what each file holds.

  make_golden.py small                every case but the full size: seconds
  make_golden.py units                single operations: seconds
  make_golden.py full                 the full size: minutes, and 7 GB of memory
  make_golden.py weights DIRECTORY    the complete W of `tiny` and `small`, with VGG-16
  make_golden.py precision            how far PyTorch's own float32 is from each small case
  make_golden.py precision full       the same for the full size, from its file
  make_golden.py salts CASE           the salts that keep a case furthest from its kinks
"""
import argparse
import pathlib
import time

import numpy as np
import torch

import formula
import golden_units
import nram_torch

HERE = pathlib.Path(__file__).resolve().parent
SMALL = dict(ngf=8, blocks=2, samples=2, height=32, width=24, steps=3, salt=94)
TINY = dict(ngf=4, blocks=2, samples=1, height=16, width=16, steps=1, salt=19)
FULL = dict(ngf=64, blocks=9, samples=1, height=256, width=176, steps=2, salt=0)
WIDE = dict(ngf=64, blocks=9, samples=1, height=24, width=16, steps=1, salt=31)
VARIANT = dict(ngf=8, blocks=2, samples=2, height=24, width=16, steps=1)
CASES = {"small": SMALL, "tiny": TINY, "wide": WIDE, "full": FULL,
         "inner_skip_false": dict(VARIANT, inner_skip=False, salt=52),
         "pose_stream_narrow": dict(VARIANT, pose_stream="narrow", salt=75),
         "norm_none": dict(VARIANT, norm="none", salt=88),
         "norm_batch": dict(VARIANT, norm="batch", salt=92),
         "gan_lsgan": dict(VARIANT, gan="lsgan", salt=81)}
SMALL_CASES = [name for name in CASES if name != "full"]
COMPLETE = ("small", "tiny")  # the others hold digests of gradients and weights


def make_trainer(case, dtype=torch.double):
    options = {key: case[key] for key in ("ngf", "blocks", "norm", "inner_skip", "pose_stream",
                                          "gan") if key in case}
    trainer = nram_torch.Trainer(**options)
    for network_name, network in trainer.networks.items():
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                weights = formula.tensor(f"{network_name}.{name}", tuple(value.shape))
                value.copy_(torch.from_numpy(weights))
    trainer.to(dtype=dtype)
    trainer.start_optimizers()
    return trainer


def complete_weights(trainer, networks):
    """The interchange file's tensors, float32."""
    return {f"{network}.{name}": value.numpy().astype(np.float32)
            for network in networks for name, value in trainer.networks[network].state_dict().items()}


def make_inputs(case):
    return formula.inputs(case["samples"], case["height"], case["width"], case["salt"])


def make_batch(inputs, dtype=torch.double):
    images = [torch.from_numpy(inputs[key]).to(dtype).permute(0, 3, 1, 2).contiguous()
              for key in ("source", "target")]
    return images + [torch.from_numpy(inputs[key]).to(dtype)
                     for key in ("keypoints_source", "keypoints_target")]


def nhwc(x):
    return x.detach().permute(0, 2, 3, 1).contiguous().numpy()


def run_parity(case, dtype=torch.double, verbose=False):
    """The parity protocol: every expected tensor, in double, under the names of `nram parity`; also
    both discriminators' gradients and weights, under the same pattern."""
    trainer = make_trainer(case, dtype)
    batch = make_batch(make_inputs(case), dtype)
    expected = {}
    for k in range(case["steps"]):
        start = time.time()
        losses, gradients, fake, masks = trainer.step(*batch)
        for name, value in losses.items():
            expected[f"loss.{k}.{name}"] = value.detach().reshape(1).numpy()
        if k == 0:
            expected["fake"] = nhwc(fake)
            for t, mask in enumerate(masks):
                expected[f"mask.{t}"] = nhwc(mask)
            for network, values in gradients.items():
                names = [name for name, _ in trainer.networks[network].named_parameters()]
                for name, value in zip(names, values):
                    expected[f"gradient.{network}.{name}"] = value.numpy()
        if verbose:
            print(f"step {k}: {time.time() - start:.1f} s", flush=True)
    for network in gradients:
        for name, value in trainer.networks[network].state_dict().items():
            expected[f"after.{network}.{name}"] = value.numpy().copy()
    return expected


def is_discriminators(name):
    return ".discriminator" in name and not name.startswith("loss.")


def complete(expected):
    """Losses in double; the rest in float32 for size; of the discriminators digests alone."""
    tensors = {}
    for name, value in expected.items():
        if is_discriminators(name):
            tensors["digest." + name] = formula.digest(name, value)
        elif name.startswith("loss."):
            tensors[name] = value
        else:
            tensors[name] = value.astype(np.float32)
    return tensors


def digests(expected, every=1):
    """Losses; digests of gradients and weights; `every`-th pixel of the fake and the masks."""
    tensors = {}
    for name, value in expected.items():
        if name.startswith("loss."):
            tensors[name] = value
        elif name.startswith(("gradient.", "after.")):
            tensors["digest." + name] = formula.digest(name, value)
        elif every == 1:
            tensors[name] = value.astype(np.float32)
        else:
            pixels = value.reshape(-1, value.shape[-1])[::every]
            tensors[f"every{every}.{name}"] = pixels.astype(np.float32)
    return tensors


def write(name, tensors, metadata=None):
    path = HERE / f"{name}.safetensors"
    formula.save(path, tensors, metadata)
    back, _ = formula.load(path)
    assert all(np.array_equal(back[key], tensors[key]) for key in tensors)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def check_step_the_plain_way(case):
    """The step as a tutorial writes it (backward(), the fake detached, torch.optim.Adam) must change
    the weights as nram_torch.Trainer does."""
    ours, plain = make_trainer(case), make_trainer(case)
    batch = make_batch(make_inputs(case))
    networks = plain.networks
    adam = {name: torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
            for name, network in networks.items() if name != "vgg16"}
    for _ in range(2):
        ours.step(*batch)
        source, target = batch[:2]
        poses = [nram_torch.heatmaps(points, case["height"], case["width"]) for points in batch[2:]]
        fake, _ = networks["generator"](source, torch.cat(poses, dim=1))
        conditions = {"discriminator_shape": poses[1], "discriminator_appearance": source}
        total = 10 * torch.nn.functional.l1_loss(fake, target)
        grams = [[nram_torch.gram(f) for f in networks["vgg16"](x)] for x in (fake, target)]
        total = total + nram_torch.style_loss(*grams)
        for name, condition in conditions.items():
            total = total + 2.5 * nram_torch.gan_loss(networks[name](fake, condition), True)
        for optimizer in adam.values():
            optimizer.zero_grad()
        total.backward()
        for name, condition in conditions.items():
            adam[name].zero_grad()  # what the generator's loss left there
            loss = (nram_torch.gan_loss(networks[name](target, condition), True)
                    + nram_torch.gan_loss(networks[name](fake.detach(), condition), False)) / 2
            loss.backward()
        for optimizer in adam.values():
            optimizer.step()
    for name, network in networks.items():
        for a, b in zip(network.parameters(), ours.networks[name].parameters()):
            assert torch.allclose(a, b, rtol=1e-9, atol=1e-12), name


def distance_from_kinks(case, trainer=None):
    """The least |x| / rms(x) over the inputs x of every LeakyReLU and of VGG-16's ReLUs in the first
    step. A value within rounding of 0 would make a gradient depend on its last bits."""
    trainer, batch = trainer or make_trainer(case), make_batch(make_inputs(case))
    originals = {name: getattr(nram_torch.F, name) for name in ("leaky_relu", "relu")}
    least = dict.fromkeys(originals, np.inf)

    def observe(name):
        def activation(x, *arguments):
            distance = (x.abs().min() / x.square().mean().sqrt()).item()
            least[name] = min(least[name], distance)
            return originals[name](x, *arguments)
        return activation

    try:
        for name in originals:
            setattr(nram_torch.F, name, observe(name))
        trainer.gradients(*batch)
    finally:
        for name, original in originals.items():
            setattr(nram_torch.F, name, original)
    return least


def print_salts(name):
    """The salts below 100 whose inputs keep a case furthest from its kinks."""
    found, trainer = [], make_trainer(CASES[name])
    for salt in range(100):
        least = distance_from_kinks(dict(CASES[name], salt=salt), trainer)
        found.append((min(least["leaky_relu"], 4 * least["relu"]), salt, least))
    for _, salt, least in sorted(found, reverse=True)[:5]:
        print(name, salt, {key: f"{value:.1e}" for key, value in least.items()})


def make_case(name):
    case = CASES[name]
    if name == "full":
        nram_torch.check_against_published_counts()
        write("full_expected", digests(run_parity(case, verbose=True), every=7), case)
        return
    assert distance_from_kinks(case)["leaky_relu"] > 5e-6, name
    write(name + "_inputs", make_inputs(case))
    if name == "tiny":
        networks = ("generator", "discriminator_shape", "discriminator_appearance")
        write("tiny_weights", complete_weights(make_trainer(case), networks))
    expected = run_parity(case)
    write(name + "_expected", complete(expected) if name in COMPLETE else digests(expected), case)


def print_precision(cases):
    """PyTorch in float32 against double, worst tensor of each kind: relative error in norm. A
    tolerance below these would ask more than float32 gives."""
    for case_name in cases:
        case = CASES[case_name]
        rounded = run_parity(case, torch.float32)
        if case_name == "full":
            exact, _ = formula.load(HERE / "full_expected.safetensors")
            rounded = digests(rounded, every=7)
        else:
            exact = run_parity(case)
        worst = {}
        for name, value in exact.items():
            kind = name.removeprefix("digest.").removeprefix("every7.").split(".")[0]
            kind += " discriminators" if is_discriminators(name) else ""
            if name.startswith("digest."):
                error = formula.relative_distance(rounded[name], value)
            else:
                error = np.linalg.norm(rounded[name] - value) / max(np.linalg.norm(value), 1e-30)
            worst.setdefault(kind, []).append((error, name))
        print(case_name)
        for kind, errors in worst.items():
            errors.sort()
            print(f"  {kind}: worst {errors[-1][0]:.1e} ({errors[-1][1]}), "
                  f"median {errors[len(errors) // 2][0]:.1e}")


def write_weights(directory):
    for name in COMPLETE:
        trainer = make_trainer(CASES[name])
        path = pathlib.Path(directory) / f"{name}_weights_complete.safetensors"
        formula.save(path, complete_weights(trainer, trainer.networks))
        print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("small", "full", "units", "weights", "precision", "salts"))
    parser.add_argument("argument", nargs="?", help="weights: a directory; salts, precision: a case")
    arguments = parser.parse_args()
    if arguments.what in ("weights", "salts") and arguments.argument is None:
        parser.error(f"'{arguments.what}' needs its argument")
    if arguments.what in ("salts", "precision") and arguments.argument not in (None, *CASES):
        parser.error(f"no case is called '{arguments.argument}': " + ", ".join(CASES))
    if arguments.what == "small":
        check_step_the_plain_way(TINY)
        for name in SMALL_CASES:
            make_case(name)
    elif arguments.what == "full":
        make_case("full")
    elif arguments.what == "units":
        write("units", golden_units.make())
    elif arguments.what == "weights":
        write_weights(arguments.argument)
    elif arguments.what == "precision":
        print_precision([arguments.argument] if arguments.argument else SMALL_CASES)
    else:
        print_salts(arguments.argument)


if __name__ == "__main__":
    main()
