// fields[n,y,x,2l .. 2l+1] = the unit vector along limb l where (y, x) is at most the limb's width
// from its segment, 0 elsewhere.
// Threads: the two channels of a limb at a pixel each, 8 bytes, grid-stride over the pixels of the
// block's sample; the limbs are laid out once a block in shared memory. The edges are found in
// double as on the other targets, but only inside of a limb's bounding box. Writes the fields once;
// bound by memory.
#include "kernels/common/pointwise.cuh"
#include "kernels/part_affinity_fields/limb.h"

namespace nram::device {

using kernels::LimbSegment;

struct LimbBox {
  float top, bottom, left, right;  // whole numbers that the limb's pixels lie between
  float unit_x, unit_y;
};

__device__ __forceinline__ LimbBox box_of(const LimbSegment& limb, double radius) {
  if (!limb.present) return {1, 0, 1, 0, 0, 0};
  const double length = sqrt(limb.dy * limb.dy + limb.dx * limb.dx);
  return {static_cast<float>(floor(fmin(limb.y, limb.y + limb.dy) - radius)),
          static_cast<float>(ceil(fmax(limb.y, limb.y + limb.dy) + radius)),
          static_cast<float>(floor(fmin(limb.x, limb.x + limb.dx) - radius)),
          static_cast<float>(ceil(fmax(limb.x, limb.x + limb.dx) + radius)),
          static_cast<float>(limb.dx / length),
          static_cast<float>(limb.dy / length)};
}

// Block (b, n) draws pixels of sample n.
template <int kWidth>
__device__ void draw(const kernels::PartAffinityFieldsAttributes& attributes, int points_of_sample,
                     int64_t pitch, const float* __restrict__ points, float* __restrict__ fields) {
  __shared__ uint8_t joints[kernels::kMostLimbs][2];
  __shared__ LimbSegment segments[kernels::kMostLimbs];
  __shared__ LimbBox boxes[kernels::kMostLimbs];
  if (threadIdx.x == 0) {
#pragma unroll
    for (int l = 0; l < kernels::kMostLimbs; ++l) {
      joints[l][0] = attributes.joints[l][0];
      joints[l][1] = attributes.joints[l][1];
    }
  }
  __syncthreads();
  if (threadIdx.x < attributes.limbs) {
    const LimbSegment limb(points + 2 * blockIdx.y * points_of_sample, joints[threadIdx.x]);
    segments[threadIdx.x] = limb;
    boxes[threadIdx.x] = box_of(limb, attributes.limb_width);
  }
  __syncthreads();
  const int64_t pixels = int64_t{attributes.height} * attributes.width;
  fields += blockIdx.y * pixels * pitch;
  for_each_row_vector(pixels * attributes.limbs, attributes.limbs, [&](int64_t pixel, uint32_t l) {
    const int line = static_cast<int>(pixel) / attributes.width;
    const auto y = static_cast<float>(line);
    const auto x = static_cast<float>(static_cast<int>(pixel) - line * attributes.width);
    const LimbBox& box = boxes[l];
    bool inside = y >= box.top && y <= box.bottom && x >= box.left && x <= box.right;
    if (inside) inside = segments[l].covers(y, x, attributes.limb_width);
    const float unit[2] = {inside ? box.unit_x : 0, inside ? box.unit_y : 0};
    float* at = fields + pixel * pitch + 2 * l;
    if constexpr (kWidth == 2) {
      store(at, unit);
    } else {
      at[0] = unit[0];
      at[1] = unit[1];
    }
  });
}

#define NRAM_PART_AFFINITY_FIELDS(width)                                                        \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads) part_affinity_fields_##width( \
      kernels::PartAffinityFieldsAttributes attributes, int points_of_sample, int64_t pitch,    \
      const float* __restrict__ points, float* __restrict__ fields) {                           \
    draw<width>(attributes, points_of_sample, pitch, points, fields);                           \
  }
NRAM_PART_AFFINITY_FIELDS(2)
NRAM_PART_AFFINITY_FIELDS(1)

}  // namespace nram::device
