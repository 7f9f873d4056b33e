// y = factor * x; any shape. Its gradient is the same op.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct ScaleAttributes {
  float factor;
};

// inputs: x; outputs: y.
void scale_reference(const Call& call);
void scale_cpu(const Call& call);
void scale_cuda(const Call& call);

}  // namespace nram::kernels
