#include "kernels/channel_sum/channel_sum.h"
#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

namespace nram::kernels {
namespace {

// Rows are split in this many parts whatever the number of threads; the parts are added in order.
constexpr int kParts = 32;
// Rows added in float before they go into the sums in double.
constexpr int64_t kFloatRows = 64;
// Few channels are summed as if several successive rows were one wide row.
constexpr int64_t kMinimumWidth = 64;

int64_t rows_in_one(const Shape& shape) {
  return std::max<int64_t>(1, kMinimumWidth / shape.channels());
}

// sums[c] += sum_r x[r * pitch + c]; `partial` is scratch memory.
NRAM_MULTIVERSION
void add_rows(const float* NRAM_RESTRICT x, int64_t pitch, int64_t rows, int64_t width,
              float* NRAM_RESTRICT partial, double* NRAM_RESTRICT sums) {
  for (int64_t begin = 0; begin < rows; begin += kFloatRows) {
    const int64_t end = std::min(begin + kFloatRows, rows);
    for (int64_t c = 0; c < width; ++c) partial[c] = 0;
    int64_t r = begin;
    for (; r + 4 <= end; r += 4) {
      const float* row = x + r * pitch;
      for (int64_t c = 0; c < width; ++c) {
        partial[c] += (row[c] + row[c + pitch]) + (row[c + 2 * pitch] + row[c + 3 * pitch]);
      }
    }
    for (; r < end; ++r) {
      for (int64_t c = 0; c < width; ++c) partial[c] += x[r * pitch + c];
    }
    for (int64_t c = 0; c < width; ++c) sums[c] += static_cast<double>(partial[c]);
  }
}

}  // namespace

size_t channel_sum_cpu_workspace(const Shape& shape) {
  const int64_t width = shape.channels() * rows_in_one(shape);
  return static_cast<size_t>(kParts * width) * (sizeof(double) + sizeof(float));
}

void channel_sum_cpu(const Call& call) {
  const View& x = call.in(0);
  const int64_t channels = x.channels();
  const int64_t group = x.dense() ? rows_in_one(x.shape) : 1;
  const int64_t wide_rows = x.rows() / group, width = channels * group;
  double* const sums = static_cast<double*>(call.workspace);
  float* const partials = reinterpret_cast<float*>(sums + kParts * width);
  std::fill_n(sums, kParts * width, 0.0);
  parallel_ranges(kParts, x.shape.count(), [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      const Range rows = part_of(wide_rows, static_cast<int>(part), kParts);
      add_rows(x.row<float>(rows.begin * group), x.pitch * group, rows.end - rows.begin, width,
               partials + part * width, sums + part * width);
    }
  });
  const int64_t rest = wide_rows * group;
  add_rows(x.row<float>(rest), x.pitch, x.rows() - rest, channels, partials, sums);
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (int64_t i = c; i < kParts * width; i += channels) sum += sums[i];
    call.out(0).as<float>()[c] = static_cast<float>(sum);
  }
}

}  // namespace nram::kernels
