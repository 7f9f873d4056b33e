#include "kernels/common/parallel.h"
#include "kernels/gram/gram.h"
#include "kernels/vendor/onednn.h"

namespace nram::kernels {
namespace {

float scale_of(const Shape& f) { return 1.0f / static_cast<float>(f[1] * f[2] * f[3]); }

onednn::MatrixProduct gram_product(const Shape& f) {
  return {.batch = f[0],
          .m = f[3],
          .n = f[3],
          .k = f[1] * f[2],
          .transpose_a = true,
          .scale = scale_of(f)};
}

onednn::MatrixProduct gradient_product(const Shape& f) {
  return {.batch = f[0],
          .m = f[1] * f[2],
          .n = f[3],
          .k = f[3],
          .transpose_a = false,
          .scale = scale_of(f)};
}

size_t symmetric_bytes(const Shape& f) {
  return (static_cast<size_t>(f[0] * f[3] * f[3]) * sizeof(float) + 63) / 64 * 64;
}

}  // namespace

size_t gram_cpu_workspace(const Shape& f) { return onednn::workspace(gram_product(f)); }

size_t gram_gradient_cpu_workspace(const Shape& f) {
  return symmetric_bytes(f) + onednn::workspace(gradient_product(f));
}

void gram_cpu(const Call& call) {
  const View& f = call.in(0);
  NRAM_CHECK(call.workspace_bytes >= gram_cpu_workspace(f.shape), "gram's workspace is too small");
  onednn::run(gram_product(f.shape), f.as<float>(), f.as<float>(), call.out(0).as<float>(),
              call.workspace);
}

void gram_gradient_cpu(const Call& call) {
  const View &dg = call.in(0), &f = call.in(1);
  NRAM_CHECK(call.workspace_bytes >= gram_gradient_cpu_workspace(f.shape),
             "gram_gradient's workspace is too small");
  const int64_t channels = f.channels();
  float* const symmetric = static_cast<float*>(call.workspace);
  parallel_ranges(f.shape[0] * channels, dg.shape.count(), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* matrix = dg.as<float>() + r / channels * channels * channels;
      const int64_t i = r % channels;
      for (int64_t j = 0; j < channels; ++j) {
        symmetric[r * channels + j] = matrix[i * channels + j] + matrix[j * channels + i];
      }
    }
  });
  onednn::run(gradient_product(f.shape), f.as<float>(), symmetric, call.out(0).as<float>(),
              static_cast<char*>(call.workspace) + symmetric_bytes(f.shape));
}

}  // namespace nram::kernels
