"""Golden values of single operations: metrics, heatmaps, resizing, losses, the optimizer, batch norm
folded into a convolution. Each is written from its definition in numpy and, where PyTorch has the
operation or can state it another way, must agree with that before it is written."""
import numpy as np
import torch
import torch.nn.functional as F

import formula
import nram_torch

BORDER = 5


def gaussian_window():
    offsets = np.arange(-BORDER, BORDER + 1)
    window = np.exp(-offsets**2 / (2 * 1.5**2))
    return window / window.sum()


def ssim(a, b, span):
    """Mean SSIM of two (H, W, C) images over channels and the interior, window by window: Gaussian,
    sigma 1.5, 11 taps, population covariance, K1 0.01, K2 0.03."""
    window = np.outer(gaussian_window(), gaussian_window())[..., None]
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    values = []
    for y in range(BORDER, a.shape[0] - BORDER):
        for x in range(BORDER, a.shape[1] - BORDER):
            here = np.s_[y - BORDER:y + BORDER + 1, x - BORDER:x + BORDER + 1]
            mean_a = (window * a[here]).sum(axis=(0, 1))
            mean_b = (window * b[here]).sum(axis=(0, 1))
            variance_a = (window * (a[here] - mean_a) ** 2).sum(axis=(0, 1))
            variance_b = (window * (b[here] - mean_b) ** 2).sum(axis=(0, 1))
            covariance = (window * (a[here] - mean_a) * (b[here] - mean_b)).sum(axis=(0, 1))
            values.append((2 * mean_a * mean_b + c1) * (2 * covariance + c2)
                          / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)))
    return np.mean(values)


def ssim_by_convolution(a, b, span):
    """(N, C, H, W) -> (N,): the same by two one-dimensional convolutions; differentiable."""
    taps = torch.from_numpy(gaussian_window())
    channels = a.shape[1]

    def blur(x):
        x = F.conv2d(x, taps.view(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)
        return F.conv2d(x, taps.view(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)

    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    mean_a, mean_b = blur(a), blur(b)
    variance_a = blur(a * a) - mean_a**2
    variance_b = blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    quality = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)
               / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)))
    return quality.mean(dim=(1, 2, 3))


def pad_white(image):
    return np.pad(image, ((0, 0), (40, 40), (0, 0)), constant_values=255.0)


def agree(a, b, tolerance=1e-10):
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    assert a.shape == b.shape, (a.shape, b.shape)
    assert np.abs(a - b).max() <= tolerance * max(1.0, np.abs(b).max()), np.abs(a - b).max()
    return a


def scalar(value):
    return np.array([value], dtype=np.float64)


def nchw(x):
    return torch.from_numpy(np.asarray(x, dtype=np.float64)).permute(0, 3, 1, 2).contiguous()


def nhwc(x):
    return x.detach().permute(0, 2, 3, 1).contiguous().numpy()


def metric_values(reference, generated):
    padded = [pad_white(image) for image in (reference, generated)]
    span = padded[1].max() - padded[1].min()
    values = {"ssim": ssim(reference, generated, 255.0), "ssim_padded": ssim(*padded, span)}
    agree(values["ssim"], ssim_by_convolution(nchw(reference[None]), nchw(generated[None]),
                                              255.0)[0])
    agree(values["ssim_padded"], ssim_by_convolution(*[nchw(image[None]) for image in padded],
                                                     span)[0])
    values["psnr"] = 10 * np.log10(255.0**2 / ((reference - generated) ** 2).mean())
    values["l1"] = np.abs(reference - generated).mean() / 127.5
    return values


def metrics(tensors):
    for i, (height, width, damage) in enumerate(((40, 29, 0.3), (64, 44, 0.08))):
        base = formula.image(f"metrics.{i}", 2, height, width).astype(np.float64)
        changed = (1 - damage) * base[0] + damage * base[1]
        reference, generated = [np.round((image + 1) * 127.5) for image in (base[0], changed)]
        tensors[f"metrics.{i}.reference"] = reference.astype(np.float32)
        tensors[f"metrics.{i}.generated"] = generated.astype(np.float32)
        for name, value in metric_values(reference, generated).items():
            tensors[f"metrics.{i}.{name}"] = scalar(value)
        images = [nchw(image[None] / 127.5 - 1) for image in (reference, generated)]
        images[1].requires_grad_()
        quality = ssim_by_convolution(*[(image + 1) * 127.5 for image in images], 255.0).mean()
        agree(quality.item(), tensors[f"metrics.{i}.ssim"][0])
        gradient = torch.autograd.grad(quality, images[1])[0]
        tensors[f"metrics.{i}.ssim_gradient"] = nhwc(gradient)[0]


def heatmaps(tensors):
    points = formula.keypoints("heatmap.keypoints", 1, 32, 24)
    maps = np.zeros((1, 32, 24, 18))
    for k, (y, x) in enumerate(points[0].astype(np.float64)):
        if y < 0 or x < 0:
            continue
        for row in range(32):
            for column in range(24):
                squared = (row - y) ** 2 + (column - x) ** 2
                maps[0, row, column, k] = np.exp(-squared / (6.0 * 32 / 256) ** 2)
    tensors["heatmap.keypoints"] = points
    tensors["heatmap.maps"] = agree(maps, nhwc(nram_torch.heatmaps(
        torch.from_numpy(points).double(), 32, 24)))


def resize_bilinear(image, height, width):
    """(H, W, C): pixel centres at half-integers (align_corners=False), edges repeated, no filter."""
    def weights(size_in, size_out):
        matrix = np.zeros((size_out, size_in))
        for i in range(size_out):
            position = max((i + 0.5) * size_in / size_out - 0.5, 0.0)
            low = int(position)
            high = min(low + 1, size_in - 1)
            matrix[i, low] += 1 - (position - low)
            matrix[i, high] += position - low
        return matrix
    return np.einsum("yi,xj,ijc->yxc", weights(image.shape[0], height),
                     weights(image.shape[1], width), image)


def resizes(tensors):
    image = formula.image("resize.input", 1, 11, 7)
    tensors["resize.input"] = image
    for height, width in ((22, 14), (5, 4), (16, 3), (11, 7)):
        ours = resize_bilinear(image[0].astype(np.float64), height, width)
        theirs = F.interpolate(nchw(image), (height, width), mode="bilinear", align_corners=False)
        tensors[f"resize.{height}x{width}"] = agree(ours[None], nhwc(theirs))


def optimizer(tensors):
    start = torch.from_numpy(formula.uniform("adam.start", 8)).double()
    gradients = formula.uniform("adam.gradients", 80).reshape(10, 8)
    gradients = (gradients * np.float32(10.0) ** np.arange(-6, 2, dtype=np.float32))
    mine = nram_torch.Adam([start.clone()])
    theirs = torch.nn.Parameter(start.clone())
    reference = torch.optim.Adam([theirs], lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
    path = []
    for gradient in torch.from_numpy(gradients).double():
        mine.update([gradient])
        theirs.grad = gradient.clone()
        reference.step()
        path.append(agree(mine.parameters[0].numpy(), theirs.detach().numpy(), 1e-14).copy())
    tensors["adam.start"] = start.float().numpy()
    tensors["adam.gradients"] = gradients.astype(np.float32)
    tensors["adam.path"] = np.stack(path)


def batch_norm_folding(tensors):
    """Folded weight w / sqrt(var + eps), bias -mean / sqrt(var + eps), for a convolution and a
    transposed one; the output before LeakyReLU is that of convolution and norm in inference."""
    x = formula.uniform("fold.input", 2 * 8 * 6 * 4).reshape(2, 8, 6, 4)
    mean = formula.uniform("fold.mean", 5) * np.float32(0.2)
    variance = np.exp2(2 * formula.uniform("fold.variance", 5)).astype(np.float32)
    tensors.update({"fold.input": x, "fold.mean": mean, "fold.variance": variance})
    factor = 1 / np.sqrt(variance.astype(np.float64) + 1e-5)
    for kind, shape, axes in (("conv", (5, 4, 3, 3), (5, 1, 1, 1)),
                              ("deconv", (4, 5, 3, 3), (1, 5, 1, 1))):
        layer = nram_torch.Convolution(4, 5, stride=2, norm="batch", activate=False,
                                       transposed=kind == "deconv").double().eval()
        weight = formula.tensor(f"fold.{kind}.weight", shape)
        layer.weight.data.copy_(torch.from_numpy(weight))
        layer.running_mean.copy_(torch.from_numpy(mean))
        layer.running_var.copy_(torch.from_numpy(variance))
        folded = nram_torch.Convolution(4, 5, stride=2, norm="none", activate=False,
                                        transposed=kind == "deconv").double()
        folded_weight = weight * factor.reshape(axes)
        folded.weight.data.copy_(torch.from_numpy(folded_weight))
        folded.bias.data.copy_(torch.from_numpy(-mean * factor))
        tensors[f"fold.{kind}.weight"] = weight
        tensors[f"fold.{kind}.folded_weight"] = folded_weight
        tensors["fold.folded_bias"] = -mean * factor
        tensors[f"fold.{kind}.output"] = agree(nhwc(folded(nchw(x))), nhwc(layer(nchw(x))))


def losses(tensors):
    logits = 4 * formula.uniform("gan.logits", 48).astype(np.float64).astype(np.float32)
    tensors["gan.logits"] = logits
    x = torch.from_numpy(logits).double().requires_grad_()
    wide = logits.astype(np.float64)
    for real in (True, False):
        name = "real" if real else "fake"
        probability = 1 / (1 + np.exp(-wide))
        cross_entropy = -np.log(probability if real else 1 - probability).mean()
        for kind, value in (("bce", cross_entropy), ("lsgan", ((wide - real) ** 2).mean())):
            loss = nram_torch.gan_loss(x, real, kind)
            tensors[f"gan.{kind}.{name}"] = scalar(agree(value, loss.item()))
            tensors[f"gan.{kind}.{name}_gradient"] = torch.autograd.grad(loss, x)[0].numpy()


def style(tensors):
    """VGG-16 by formula on the small case's images: each layer's Gram matrices as a digest, each
    layer's share of the style loss, and the loss's gradient with respect to the fake."""
    vgg = nram_torch.Vgg16()
    for name, value in vgg.features.named_parameters():
        weight = formula.tensor(f"vgg16.features.{name}", tuple(value.shape))
        value.data.copy_(torch.from_numpy(weight))
    vgg.double().set_exact_statistics()
    fake, target = [nchw(formula.image(name, 2, 32, 24)) for name in ("source", "target")]
    fake.requires_grad_()
    grams = [[nram_torch.gram(f) for f in vgg(image)] for image in (fake, target)]
    for j, layer in enumerate(("relu1_2", "relu2_2", "relu3_3", "relu4_3")):
        name = f"style.{layer}.gram"
        tensors[f"digest.{name}"] = formula.digest(name, grams[0][j].detach().numpy())
        difference = (grams[0][j] - grams[1][j]).detach().numpy()
        tensors[f"style.{layer}.loss"] = scalar((difference**2).sum() / 2)
    loss = nram_torch.style_loss(*grams)
    agree(loss.item(), sum(tensors[f"style.{layer}.loss"][0]
                           for layer in ("relu1_2", "relu2_2", "relu3_3", "relu4_3")))
    tensors["style.loss"] = scalar(loss.item())
    tensors["style.gradient"] = nhwc(torch.autograd.grad(loss, fake)[0])


def make():
    tensors = {"digest.example": formula.digest("example",
                                                formula.tensor("example", (40, 10, 3, 3)))}
    for part in (metrics, heatmaps, resizes, optimizer, batch_norm_folding, losses, style):
        part(tensors)
    return {name: np.ascontiguousarray(value) for name, value in tensors.items()}
