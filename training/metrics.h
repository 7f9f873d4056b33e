// How close a generated image is to the truth. Each protocol has a name (MODEL, Metrics), since two
// 'SSIM' can differ by 0.1.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "data/image.h"
#include "engine/program.h"

namespace nram {

struct ImageMetrics {
  double ssim = 0;  // 8-bit images, L = 255, mean over the interior (5 px border left out)
  double ssim_padded =
      0;            // the published tables': white columns added, L = max - min of the generated
  double psnr = 0;  // dB, peak 255; 100 for equal images
  double l1 = 0;    // mean absolute difference on the [-1, 1] scale
};

// Computes metrics of image pairs of one size; compiled once.
class Metrics {
 public:
  // Images of height x width, at least 11 x 11; `padding` white columns on each side for
  // ssim_padded.
  Metrics(int height, int width, Device& device, int padding);
  // With the padding of padding_columns().
  Metrics(int height, int width, Device& device);
  ImageMetrics compare(const data::Image& truth, const data::Image& generated);

 private:
  // SSIM of images of one size with the given L.
  class SsimProgram {
   public:
    SsimProgram(int height, int width, Device& device);
    double run(const data::Image& truth, const data::Image& generated, double range);

   private:
    Graph graph_;
    Variable truth_, generated_, range_, result_;
    std::unique_ptr<Program> program_;
  };

  int padding_;
  SsimProgram plain_;
  SsimProgram padded_;
};

// White columns on each side: 40 for images 176 wide (256 in all), in proportion for others.
int padding_columns(int width);

}  // namespace nram
