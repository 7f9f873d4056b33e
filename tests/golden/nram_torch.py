"""NRAM in PyTorch, written from the model's equations alone: the evidence that the engine's outputs,
losses and gradients are tested against (double precision), and the peer that its speed is measured
beside (float32).

Images are N, 3, H, W in [-1, 1] here, as PyTorch has them. Parameter names, weight layouts and the
defaults are those of the project's interchange files. Nothing in this file knows the engine.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

LEAKY_SLOPE = 0.01
NORM_EPSILON = 1e-5
KEYPOINTS = 18
VGG_CONVOLUTIONS = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256),
                    12: (256, 256), 14: (256, 256), 17: (256, 512), 19: (512, 512), 21: (512, 512)}
VGG_TAPS = (2, 7, 14, 21)  # the convolutions before relu1_2, relu2_2, relu3_3, relu4_3
VGG_POOL_BEFORE = (5, 10, 17)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class Convolution(nn.Module):
    """Convolution [+ norm] [+ LeakyReLU]. norm = instance | batch | none, or 'plain' for the layers
    that never have one. Bias exactly where no norm would cancel it. 7x7 pads by reflection, 3x3 by
    zeros; `transposed` is 3x3, stride 2, output padding 1."""

    def __init__(self, inputs, outputs, kernel=3, stride=1, norm="instance", activate=True,
                 transposed=False):
        super().__init__()
        self.kernel, self.stride, self.norm = kernel, stride, norm
        self.activate, self.transposed = activate, transposed
        shape = (inputs, outputs) if transposed else (outputs, inputs)
        self.weight = nn.Parameter(0.02 * torch.randn(*shape, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if norm in ("none", "plain") else None
        if norm == "batch":
            self.register_buffer("running_mean", torch.zeros(outputs))
            self.register_buffer("running_var", torch.ones(outputs))

    def forward(self, x):
        if self.transposed:
            x = F.conv_transpose2d(x, self.weight, self.bias, stride=self.stride, padding=1,
                                   output_padding=1)
        elif self.kernel == 7:
            x = F.conv2d(F.pad(x, (3, 3, 3, 3), mode="reflect"), self.weight, self.bias)
        else:
            x = F.conv2d(x, self.weight, self.bias, stride=self.stride, padding=self.kernel // 2)
        if self.norm == "instance":
            x = F.instance_norm(x, eps=NORM_EPSILON)
        elif self.norm == "batch":
            x = F.batch_norm(x, self.running_mean, self.running_var, training=self.training,
                             momentum=0.1, eps=NORM_EPSILON)
        return F.leaky_relu(x, LEAKY_SLOPE) if self.activate else x


class Encoder(nn.Module):
    def __init__(self, inputs, ngf, norm):
        super().__init__()
        self.conv0 = Convolution(inputs, ngf, kernel=7, norm=norm)
        self.conv1 = Convolution(ngf, 2 * ngf, stride=2, norm=norm)
        self.conv2 = Convolution(2 * ngf, 4 * ngf, stride=2, norm=norm)

    def forward(self, x):
        return self.conv2(self.conv1(self.conv0(x)))


class ConvolutionPair(nn.Module):
    """inputs -> between -> outputs; the second activation is left out in residual branches."""

    def __init__(self, inputs, between, outputs, norm, activate_last):
        super().__init__()
        self.conv0 = Convolution(inputs, between, norm=norm)
        self.conv1 = Convolution(between, outputs, norm=norm, activate=activate_last)

    def forward(self, x):
        return self.conv1(self.conv0(x))


class NestedResidualAttention(nn.Module):
    def __init__(self, inputs, channels, norm, inner_skip, pose_stream):
        super().__init__()
        between = inputs if pose_stream == "full" else channels
        self.inner_skip = inner_skip
        self.pose = ConvolutionPair(inputs, between, channels, norm, activate_last=True)
        self.mask = Convolution(channels, 1, kernel=1, norm="plain", activate=False)
        self.appearance = ConvolutionPair(channels, channels, channels, norm, activate_last=False)

    def forward(self, appearance, pose):
        """Returns A', P' and the mask M (N, 1, H/4, W/4)."""
        pose = self.pose(pose)
        mask = torch.sigmoid(self.mask(pose))
        residual = self.appearance(appearance)
        if self.inner_skip:
            residual = appearance + residual
        appearance = appearance + mask * residual
        return appearance, torch.cat((pose, appearance), dim=1), mask


class Decoder(nn.Module):
    def __init__(self, ngf, norm):
        super().__init__()
        self.deconv0 = Convolution(4 * ngf, 2 * ngf, stride=2, norm=norm, transposed=True)
        self.deconv1 = Convolution(2 * ngf, ngf, stride=2, norm=norm, transposed=True)
        self.conv = Convolution(ngf, 3, kernel=7, norm="plain", activate=False)

    def forward(self, x):
        return torch.tanh(self.conv(self.deconv1(self.deconv0(x))))


class Generator(nn.Module):
    def __init__(self, ngf=64, blocks=9, norm="instance", inner_skip=True, pose_stream="full"):
        super().__init__()
        channels = 4 * ngf
        self.appearance_encoder = Encoder(3, ngf, norm)
        self.pose_encoder = Encoder(2 * KEYPOINTS, ngf, norm)
        self.blocks = nn.ModuleList(
            NestedResidualAttention(channels if t == 0 else 2 * channels, channels, norm,
                                    inner_skip, pose_stream) for t in range(blocks))
        self.decoder = Decoder(ngf, norm)

    def forward(self, source, heatmaps):
        """heatmaps: source pose's 18 maps, then the target pose's. Returns image and masks."""
        appearance = self.appearance_encoder(source)
        pose = self.pose_encoder(heatmaps)
        masks = []
        for block in self.blocks:
            appearance, pose, mask = block(appearance, pose)
            masks.append(mask)
        return self.decoder(appearance), masks


class Discriminator(nn.Module):
    """Logits (N, 1, H/4, W/4) that the image, seen with its condition, is real."""

    def __init__(self, condition_channels, ngf=64, norm="instance"):
        super().__init__()
        self.encoder = Encoder(3 + condition_channels, ngf, norm)
        self.residual = nn.ModuleList(
            ConvolutionPair(4 * ngf, 4 * ngf, 4 * ngf, norm, activate_last=False)
            for _ in range(3))
        self.head = Convolution(4 * ngf, 1, norm="plain", activate=False)

    def forward(self, image, condition):
        x = self.encoder(torch.cat((image, condition), dim=1))
        for pair in self.residual:
            x = x + pair(x)
        return self.head(x)


class Vgg16(nn.Module):
    """VGG-16 up to relu4_3; returns the four tapped feature maps."""

    def __init__(self):
        super().__init__()
        self.features = nn.ModuleDict({
            str(index): nn.Conv2d(inputs, outputs, 3, padding=1)
            for index, (inputs, outputs) in VGG_CONVOLUTIONS.items()})
        self.requires_grad_(False)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), False)
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION).view(1, 3, 1, 1), False)

    def set_exact_statistics(self):
        """The ImageNet constants in the precision of the weights, not rounded to float32."""
        like = self.features["0"].weight
        self.mean = torch.tensor(IMAGENET_MEAN, dtype=like.dtype).view(1, 3, 1, 1)
        self.deviation = torch.tensor(IMAGENET_DEVIATION, dtype=like.dtype).view(1, 3, 1, 1)

    def forward(self, image):
        x = ((image + 1) / 2 - self.mean) / self.deviation
        taps = []
        for index in VGG_CONVOLUTIONS:
            if index in VGG_POOL_BEFORE:
                x = F.max_pool2d(x, 2, 2)
            x = F.relu(self.features[str(index)](x))
            if index in VGG_TAPS:
                taps.append(x)
        return taps


def heatmaps(keypoints, height, width):
    """(N, 18, 2) as y, x, -1 missing -> (N, 18, H, W): exp(-|p - x|^2 / sigma^2), paper eq. 1."""
    sigma = 6.0 * height / 256.0
    y = torch.arange(height, dtype=keypoints.dtype).view(1, 1, height, 1)
    x = torch.arange(width, dtype=keypoints.dtype).view(1, 1, 1, width)
    points = keypoints[..., None, None]
    distance = (y - points[:, :, 0]) ** 2 + (x - points[:, :, 1]) ** 2
    present = (keypoints >= 0).all(dim=2)[..., None, None]
    return torch.where(present, torch.exp(-distance / sigma**2), torch.zeros_like(distance))


def gram(features):
    """F F^T / (C H W) for each sample: (N, C, C), paper eq. 4."""
    n, c, h, w = features.shape
    flat = features.reshape(n, c, h * w)
    return flat @ flat.transpose(1, 2) / (c * h * w)


def style_loss(fake_grams, target_grams):
    """sum_j ||G_j(fake) - G_j(target)||_F^2, mean over the batch."""
    return sum(((a - b) ** 2).sum(dim=(1, 2)).mean() for a, b in zip(fake_grams, target_grams))


def gan_loss(logits, real, kind="bce"):
    if kind == "bce":
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))
    return ((logits - float(real)) ** 2).mean()


class Adam:
    """Kingma & Ba's Algorithm 1, written out."""

    def __init__(self, parameters, rate=2e-4, beta1=0.5, beta2=0.999, epsilon=1e-8):
        self.parameters = list(parameters)
        self.rate, self.beta1, self.beta2, self.epsilon = rate, beta1, beta2, epsilon
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.count = 0

    @torch.no_grad()
    def update(self, gradients):
        self.count += 1
        correction1 = 1 - self.beta1**self.count
        correction2 = 1 - self.beta2**self.count
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second):
            m.mul_(self.beta1).add_(g, alpha=1 - self.beta1)
            v.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
            p.sub_(self.rate * (m / correction1) / ((v / correction2).sqrt() + self.epsilon))


class Trainer:
    """All three networks and one training step for them. Each fake passes once through each
    discriminator: autograd.grad() takes the generator's gradient through that pass and the
    discriminator's own gradient from the very same pass, both from the weights before the step."""

    def __init__(self, ngf=64, blocks=9, norm="instance", inner_skip=True, pose_stream="full",
                 gan="bce", lambda_gan=5.0, lambda_l1=10.0, lambda_style=1.0):
        self.gan, self.weights = gan, (lambda_gan, lambda_l1, lambda_style)
        self.networks = {
            "generator": Generator(ngf, blocks, norm, inner_skip, pose_stream),
            "discriminator_shape": Discriminator(KEYPOINTS, ngf, norm),
            "discriminator_appearance": Discriminator(3, ngf, norm),
            "vgg16": Vgg16()}

    def to(self, **options):
        for network in self.networks.values():
            network.to(**options)
        self.networks["vgg16"].set_exact_statistics()
        return self

    def start_optimizers(self, optimizer=Adam):
        self.optimizers = {name: optimizer(network.parameters())
                           for name, network in self.networks.items() if name != "vgg16"}

    def gradients(self, source, target, keypoints_source, keypoints_target):
        """One forward and backward pass. Returns the unweighted losses, each network's gradients in
        the order of parameters(), the fake and the masks."""
        height, width = source.shape[2:]
        pose_source = heatmaps(keypoints_source, height, width)
        pose_target = heatmaps(keypoints_target, height, width)
        generator, vgg = self.networks["generator"], self.networks["vgg16"]
        fake, masks = generator(source, torch.cat((pose_source, pose_target), dim=1))

        losses, adversarial, gradients = {}, 0.0, {}
        conditions = {"discriminator_shape": pose_target, "discriminator_appearance": source}
        for name, condition in conditions.items():
            network = self.networks[name]
            on_real = network(target, condition)
            on_fake = network(fake, condition)
            adversarial = adversarial + gan_loss(on_fake, True, self.gan) / 2
            losses[name] = (gan_loss(on_real, True, self.gan)
                            + gan_loss(on_fake, False, self.gan)) / 2
        with torch.no_grad():
            target_grams = [gram(f) for f in vgg(target)]
        losses["gan"] = adversarial
        losses["l1"] = (fake - target).abs().mean()
        losses["style"] = style_loss([gram(f) for f in vgg(fake)], target_grams)
        lambda_gan, lambda_l1, lambda_style = self.weights
        total = (lambda_gan * losses["gan"] + lambda_l1 * losses["l1"]
                 + lambda_style * losses["style"])

        gradients["generator"] = torch.autograd.grad(total, list(generator.parameters()),
                                                     retain_graph=True)
        for name in conditions:
            gradients[name] = torch.autograd.grad(losses[name],
                                                  list(self.networks[name].parameters()))
        return losses, gradients, fake, masks

    def step(self, *batch):
        losses, gradients, fake, masks = self.gradients(*batch)
        for name, optimizer in self.optimizers.items():
            optimizer.update(gradients[name])
        return losses, gradients, fake, masks


def parameter_count(network):
    return sum(p.numel() for p in network.parameters())


def multiply_accumulates(network, *inputs):
    """Multiply-accumulates of every convolution in one forward pass."""
    total = 0

    def count(module, _, output):
        nonlocal total
        if module.transposed:
            taps = module.weight.numel() // module.weight.shape[1]
            total += output.numel() // 4 * taps
        else:
            total += output.numel() * module.weight.numel() // module.weight.shape[0]

    hooks = [m.register_forward_hook(count) for m in network.modules()
             if isinstance(m, Convolution)]
    with torch.no_grad():
        network(*inputs)
    for hook in hooks:
        hook.remove()
    return total


def check_against_published_counts():
    """The parameter and operation counts that the model's description states."""
    generator = Generator()
    counts = [parameter_count(generator), parameter_count(Discriminator(KEYPOINTS)),
              parameter_count(Discriminator(3))]
    assert counts == [41347980, 3975745, 3928705], counts
    macs = multiply_accumulates(generator, torch.zeros(1, 3, 256, 176),
                                torch.zeros(1, 2 * KEYPOINTS, 256, 176))
    assert math.isclose(macs, 123.9e9, rel_tol=5e-4), macs
    return counts, macs


if __name__ == "__main__":
    print(check_against_published_counts())
