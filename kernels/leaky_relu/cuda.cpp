#include "kernels/common/cuda_pointwise.h"
#include "kernels/leaky_relu/leaky_relu.h"

namespace nram::kernels {
namespace {

constexpr const char* kModule = "leaky_relu";
const CudaKernel kForward[2][2] = {
    {{kModule, "leaky_relu_float_1"}, {kModule, "leaky_relu_float_4"}},
    {{kModule, "leaky_relu_bfloat16_1"}, {kModule, "leaky_relu_bfloat16_8"}}};
const CudaKernel kBackward[2][2] = {
    {{kModule, "leaky_relu_gradient_float_1"}, {kModule, "leaky_relu_gradient_float_4"}},
    {{kModule, "leaky_relu_gradient_bfloat16_1"}, {kModule, "leaky_relu_gradient_bfloat16_8"}}};

}  // namespace

void leaky_relu_cuda(const Call& call) {
  pointwise_launch<2>(call, kForward, {&call.in(0), &call.out(0)},
                      call.get<LeakyReluAttributes>().slope);
}

void leaky_relu_gradient_cuda(const Call& call) {
  pointwise_launch<3>(call, kBackward, {&call.in(0), &call.in(1), &call.out(0)},
                      call.get<LeakyReluAttributes>().slope);
}

}  // namespace nram::kernels
