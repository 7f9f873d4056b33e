// y = x in another floating-point type: float32 to bfloat16 rounds to nearest even and keeps NaN,
// bfloat16 to float32 is exact. Any shape; x and y share it. Backward: a cast back. On the
// reference target float64, the type that gradients are checked in, stands for every type and
// passes through.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct CastAttributes {
  int32_t to;  // a DType
};

// inputs: x; outputs: y.
void cast_reference(const Call& call);
void cast_cpu(const Call& call);
void cast_cuda(const Call& call);

}  // namespace nram::kernels
