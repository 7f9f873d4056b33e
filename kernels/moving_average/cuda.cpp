#include "kernels/common/launch.h"
#include "kernels/moving_average/moving_average.h"

namespace nram::kernels {

void moving_average_cuda(const Call& call) {
  static const CudaKernel kernel = {"moving_average", "moving_average"};
  constexpr uint32_t kThreads = 256;
  const int64_t count = call.in(0).shape.count();
  call.launcher->launch(kernel, {blocks_for(count, kThreads)}, {kThreads}, 0,
                        call.get<MovingAverageAttributes>(), static_cast<int>(count),
                        call.in(0).data, call.in(1).data, call.out(0).data);
}

}  // namespace nram::kernels
