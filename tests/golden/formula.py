"""Numbers that need no file: weights and inputs from a formula, digests of large tensors, and
safetensors files. tests/golden/README.md states the formula; tests/golden/formula.h is the same in
C++, bit for bit."""
import json

import numpy as np

CHUNK = 1 << 20
PROJECTIONS = 16
DTYPES = {"F64": np.float64, "F32": np.float32}


def fnv1a(name):
    """64-bit FNV-1a hash of a tensor's name."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def philox(name, index, second=0):
    """Philox4x32-10, key = hash of the name, counter = (index, second, 0, 0): four words, uint32."""
    key = fnv1a(name)
    key0, key1 = key & 0xFFFFFFFF, key >> 32
    index = np.asarray(index, dtype=np.uint64)
    c0, c1 = index, np.full_like(index, second)
    c2, c3 = np.zeros_like(index), np.zeros_like(index)
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c0
        p1 = np.uint64(0xCD9E8D57) * c2
        c0 = (p1 >> shift) ^ c1 ^ np.uint64(key0)
        c2 = (p0 >> shift) ^ c3 ^ np.uint64(key1)
        c1, c3 = p1 & low, p0 & low
        key0 = (key0 + 0x9E3779B9) & 0xFFFFFFFF
        key1 = (key1 + 0xBB67AE85) & 0xFFFFFFFF
    return [c.astype(np.uint32) for c in (c0, c1, c2, c3)]


def uniform(name, count, start=0):
    """float32 in [-1, 1), exact: ((u >> 8) 2^-24 - 0.5) 2 for u = the first word of element i."""
    parts = [np.empty(0, np.float32)]
    for begin in range(start, start + count, CHUNK):
        first = philox(name, np.arange(begin, min(begin + CHUNK, start + count)))[0]
        parts.append(((first >> 8) * 2.0**-24 * 2.0 - 1.0).astype(np.float32))
    return np.concatenate(parts)


def tensor(name, shape):
    """The weight or bias called `name`: uniform times its scale, in one float32 product."""
    count = int(np.prod(shape))
    if name.endswith(".running_mean") or name.endswith(".running_var"):
        return np.full(shape, name.endswith("var"), np.float32)
    scale = np.float32(0.05)
    if len(shape) > 1:
        scale = np.float32(np.sqrt(6.0 / (count // shape[0])))
    return (uniform(name, count) * scale).reshape(shape)


def image(name, samples, height, width):
    """(N, H, W, 3) in [-1, 1]: four plane waves for each channel, and a fifth of noise."""
    waves = (uniform(name + ".waves", samples * 3 * 4 * 4).astype(np.float64) + 1) / 2
    waves = waves.reshape(samples, 1, 1, 3, 4, 4)
    frequency_y, frequency_x, phase, strength = [waves[..., i] for i in range(4)]
    y = (np.arange(height) / height).reshape(1, height, 1, 1, 1)
    x = (np.arange(width) / width).reshape(1, 1, width, 1, 1)
    angle = 2 * np.pi * (np.floor(6 * frequency_y) * y + np.floor(6 * frequency_x) * x + phase)
    smooth = (strength * np.sin(angle)).sum(axis=-1) / 4
    noise = uniform(name + ".noise", smooth.size).astype(np.float64).reshape(smooth.shape)
    return (0.8 * smooth + 0.2 * noise).astype(np.float32)


def keypoints(name, samples, height, width):
    """(N, 18, 2) as y, x: whole pixels; about one in seven is missing (-1, -1)."""
    u = (uniform(name, samples * 18 * 3).astype(np.float64) + 1) / 2
    u = u.reshape(samples, 18, 3)
    points = np.floor(u[..., :2] * np.array([height, width]))
    return np.where(u[..., 2:] < 1 / 7, -1.0, points).astype(np.float32)


def inputs(samples, height, width, salt):
    """A batch: images and keypoints called by their name, a dot and the case's salt."""
    batch = {name: image(f"{name}.{salt}", samples, height, width) for name in ("source", "target")}
    for name in ("keypoints_source", "keypoints_target"):
        batch[name] = keypoints(f"{name}.{salt}", samples, height, width)
    return batch


def digest(name, values):
    """[L2 norm, 16 random projections]: projection p adds element i with the sign + where bit p of
    the second Philox word of counter (i, 1, 0, 0) is set, else -. For two tensors the mean square
    of the differences of their projections estimates the square of their distance."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    sums = np.zeros(1 + PROJECTIONS)
    for begin in range(0, flat.size, CHUNK):
        part = flat[begin:begin + CHUNK]
        bits = philox(name, np.arange(begin, begin + part.size), second=1)[1]
        sums[0] += (part**2).sum()
        for p in range(PROJECTIONS):
            sums[1 + p] += np.where((bits >> np.uint32(p)) & np.uint32(1), part, -part).sum()
    sums[0] = np.sqrt(sums[0])
    return sums


def relative_distance(a, b):
    """Estimates |a - b| / |b| of two tensors from their digests."""
    return np.sqrt(np.mean((a[1:] - b[1:]) ** 2)) / b[0]


def save(path, tensors, metadata=None):
    """A safetensors file, the same bytes for the same tensors in any order."""
    header, offset = {}, 0
    if metadata:
        header["__metadata__"] = {key: str(value) for key, value in sorted(metadata.items())}
    # 8-byte elements first keeps every tensor aligned to its element size.
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    for name in order:
        array = tensors[name]
        dtype = next(key for key, value in DTYPES.items() if value == array.dtype)
        header[name] = {"dtype": dtype, "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            file.write(np.ascontiguousarray(tensors[name]).tobytes())


def load(path):
    """Tensors and metadata of a safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(
            entry["shape"])
    return tensors, metadata
