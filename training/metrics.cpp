#include "training/metrics.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/ssim.h"

namespace nram {
namespace {

constexpr double kPeak = 255;
constexpr double kBestPsnr = 100;

data::Image padded(const data::Image& image, int columns) {
  data::Image wide(image.height, image.width + 2 * columns, {255, 255, 255});
  for (int y = 0; y < image.height; ++y) {
    std::copy_n(image.at(y, 0), 3 * image.width, wide.at(y, columns));
  }
  return wide;
}

std::vector<float> values_of(const data::Image& image) {
  return std::vector<float>(image.pixels.begin(), image.pixels.end());
}

}  // namespace

int padding_columns(int width) { return static_cast<int>(std::lround(40.0 * width / 176.0)); }

Metrics::SsimProgram::SsimProgram(int height, int width, Device& device) {
  const Shape shape = {1, height, width, 3};
  truth_ = graph_.input("truth", shape);
  generated_ = graph_.input("generated", shape);
  range_ = graph_.input("range", {1});
  result_ = ssim(truth_, generated_, range_);
  program_ = std::make_unique<Program>(graph_, std::vector<Variable>{result_}, device);
}

double Metrics::SsimProgram::run(const data::Image& truth, const data::Image& generated,
                                 double range) {
  program_->set(truth_, std::span<const float>(values_of(truth)));
  program_->set(generated_, std::span<const float>(values_of(generated)));
  program_->set(range_, std::span<const double>(&range, 1));
  program_->run();
  return program_->fetch(result_)[0];
}

Metrics::Metrics(int height, int width, Device& device)
    : Metrics(height, width, device, padding_columns(width)) {}

Metrics::Metrics(int height, int width, Device& device, int padding)
    : padding_(padding),
      plain_(height, width, device),
      padded_(height, width + 2 * padding_, device) {}

ImageMetrics Metrics::compare(const data::Image& truth, const data::Image& generated) {
  NRAM_CHECK(truth.height == generated.height && truth.width == generated.width,
             "metrics compare images of one size");
  double absolute = 0;
  double square = 0;
  for (size_t i = 0; i < truth.pixels.size(); ++i) {
    const double difference = static_cast<double>(truth.pixels[i]) - generated.pixels[i];
    absolute += std::abs(difference);
    square += difference * difference;
  }
  const double count = static_cast<double>(truth.pixels.size());
  ImageMetrics metrics;
  metrics.l1 = absolute / count * 2 / kPeak;
  metrics.psnr = square == 0 ? kBestPsnr
                             : std::min(kBestPsnr, 10 * std::log10(kPeak * kPeak * count / square));
  metrics.ssim = plain_.run(truth, generated, kPeak);
  const data::Image wide = padded(generated, padding_);
  const auto [low, high] = std::minmax_element(wide.pixels.begin(), wide.pixels.end());
  metrics.ssim_padded =
      padded_.run(padded(truth, padding_), wide, std::max(1.0, static_cast<double>(*high) - *low));
  return metrics;
}

}  // namespace nram
