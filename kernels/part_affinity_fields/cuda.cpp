#include "kernels/common/cuda_pointwise.h"
#include "kernels/part_affinity_fields/part_affinity_fields.h"

namespace nram::kernels {

void part_affinity_fields_cuda(const Call& call) {
  static const CudaKernel kernels[2] = {{"part_affinity_fields", "part_affinity_fields_1"},
                                        {"part_affinity_fields", "part_affinity_fields_2"}};
  const View &points = call.in(0), &fields = call.out(0);
  const Shape& shape = fields.shape;
  const bool pairs = rows_fit_vectors<1>({&fields}, 2);
  const LaunchSize grid = {pointwise_grid(*call.launcher, shape[1] * shape[2] * shape[3] / 2).x,
                           static_cast<uint32_t>(shape[0])};
  call.launcher->launch(kernels[pairs], grid, {kPointwiseThreads}, 0,
                        call.get<PartAffinityFieldsAttributes>(), static_cast<int>(points.shape[1]),
                        fields.pitch, points.data, fields.data);
}

}  // namespace nram::kernels
