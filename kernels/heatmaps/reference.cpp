#include <cmath>

#include "kernels/heatmaps/heatmaps.h"

namespace nram::kernels {

void heatmaps_reference(const Call& call) {
  const double sigma = call.get<HeatmapsAttributes>().sigma;
  const Shape& shape = call.out(0).shape;
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t row = 0; row < call.out(0).rows(); ++row) {
      const int64_t x = row % shape[2];
      const int64_t y = row / shape[2] % shape[1];
      const int64_t n = row / shape[2] / shape[1];
      T* maps = call.out(0).row<T>(row);
      for (int64_t k = 0; k < shape[3]; ++k) {
        const T* point = call.in(0).as<T>() + (n * shape[3] + k) * 2;
        const double dy = static_cast<double>(y) - point[0];
        const double dx = static_cast<double>(x) - point[1];
        const bool present = point[0] >= 0 && point[1] >= 0;
        maps[k] = static_cast<T>(present ? std::exp(-(dy * dy + dx * dx) / (sigma * sigma)) : 0.0);
      }
    }
  });
}

}  // namespace nram::kernels
