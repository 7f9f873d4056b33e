#include "training/objective.h"

#include "engine/ops/channel_affine.h"
#include "engine/ops/concatenate.h"
#include "engine/ops/gram.h"
#include "engine/ops/losses.h"
#include "engine/ops/ssim.h"

namespace nram {
namespace {

Variable gan_loss(GanLoss gan, Variable logits, bool real) {
  const float target = real ? 1.0f : 0.0f;
  return gan == GanLoss::kBce ? binary_cross_entropy(logits, target)
                              : least_squares(logits, target);
}

// The losses of one discriminator and of the generator against it.
struct Adversarial {
  Variable discriminator;
  Variable generator;
};

Adversarial adversarial_losses(GanLoss gan, ParameterBinding& parameters,
                               const DiscriminatorConfig& config, Variable target, Variable fake,
                               Variable condition) {
  const Variable on_real = discriminator(parameters, config, target, condition);
  const Variable on_fake = discriminator(parameters, config, fake, condition);
  const Graph::Scope scope(parameters.graph(), config.name + ".loss");
  return {weighted_sum({gan_loss(gan, on_real, true), gan_loss(gan, on_fake, false)}, {0.5, 0.5}),
          gan_loss(gan, on_fake, true)};
}

// sum_j ||G_j(fake) - G_j(target)||_F^2, mean over the batch (paper, eq. 4 and 5).
Variable style_loss(Graph& graph, ParameterBinding& vgg, Variable fake, Variable target) {
  const std::array<Variable, 4> of_target = vgg16_features(vgg, target);
  const std::array<Variable, 4> of_fake = vgg16_features(vgg, fake);
  const Graph::Scope scope(graph, "style");
  const double scale = 1.0 / static_cast<double>(fake.shape()[0]);
  std::vector<Variable> terms;
  for (size_t j = 0; j < of_fake.size(); ++j) {
    terms.push_back(squared_error(gram(of_fake[j]), gram(of_target[j]), scale));
  }
  return weighted_sum(terms, std::vector<double>(terms.size(), 1.0));
}

// 1 - SSIM, mean over the batch. SSIM compares means, so that images go from [-1, 1] to [0, 1]
// first.
Variable ssim_loss(Graph& graph, Variable fake, Variable target) {
  const Graph::Scope scope(graph, "ssim");
  const std::vector<float> half(3, 0.5f);
  const int64_t n = fake.shape()[0];
  const Variable similarity = ssim(channel_affine(fake, half, half),
                                   channel_affine(target, half, half), graph.constant({n}, 1.0));
  return l1_loss(similarity, graph.constant({n}, 1.0));
}

}  // namespace

const char* name_of(GanLoss gan) { return gan == GanLoss::kBce ? "bce" : "lsgan"; }

GanLoss parse_gan_loss(const std::string& name) {
  if (name == "bce") return GanLoss::kBce;
  NRAM_USER_CHECK(name == "lsgan", "there is no GAN loss '", name, "': choose bce or lsgan");
  return GanLoss::kLsgan;
}

ObjectiveVariables append_objective(Graph& graph, const Networks& networks,
                                    const ObjectiveConfig& config, const PairVariables& pair) {
  ParameterBinding generator_parameters(graph, networks.generator);
  ParameterBinding shape_parameters(graph, networks.shape);
  ParameterBinding appearance_parameters(graph, networks.appearance);
  ParameterBinding vgg_parameters(graph, networks.vgg);

  const Variable source_pose = pose_heatmaps(pair.keypoints_source, networks.model);
  const Variable target_pose = pose_heatmaps(pair.keypoints_target, networks.model);
  ObjectiveVariables result;
  Variable heatmaps;
  {
    const Graph::Scope scope(graph, "heatmaps");
    heatmaps = concatenate({source_pose, target_pose});
  }
  result.output =
      generator(generator_parameters, networks.model, Mode::kTraining, pair.source, heatmaps);
  const Variable fake = result.output.image;
  LossVariables& losses = result.losses;
  std::vector<Variable> terms;
  std::vector<double> weights;
  const auto add_term = [&](Variable loss, double weight) {
    terms.push_back(loss);
    weights.push_back(weight);
  };
  {
    const Graph::Scope scope(graph, "l1");
    losses.l1 = l1_loss(fake, pair.target);
  }
  add_term(losses.l1, config.lambda_l1);
  if (config.lambda_style != 0) {
    losses.style = style_loss(graph, vgg_parameters, fake, pair.target);
    add_term(losses.style, config.lambda_style);
  }
  if (config.lambda_ssim != 0) {
    losses.ssim = ssim_loss(graph, fake, pair.target);
    add_term(losses.ssim, config.lambda_ssim);
  }
  if (config.lambda_gan != 0) {
    const Adversarial shape = adversarial_losses(
        config.gan, shape_parameters, networks.shape_config, pair.target, fake, target_pose);
    const Adversarial appearance =
        adversarial_losses(config.gan, appearance_parameters, networks.appearance_config,
                           pair.target, fake, pair.source);
    losses.discriminator_shape = shape.discriminator;
    losses.discriminator_appearance = appearance.discriminator;
    const Graph::Scope scope(graph, "gan");
    losses.gan = weighted_sum({shape.generator, appearance.generator}, {0.5, 0.5});
    add_term(losses.gan, config.lambda_gan);
  }
  {
    const Graph::Scope scope(graph, "loss");
    losses.generator_total = weighted_sum(terms, weights);
  }
  generator_parameters.backward(losses.generator_total);
  if (config.lambda_gan != 0) {
    shape_parameters.backward(losses.discriminator_shape);
    appearance_parameters.backward(losses.discriminator_appearance);
  }
  return result;
}

}  // namespace nram
