// y[..., c] = x[..., c] * scale[c] + offset[c], at most 8 channels: changes of an image's range,
// such as from [-1, 1] to what an ImageNet network expects. Any rank of at least 1; x and y share
// their shape. Backward: the same op on dy without the offset.
#pragma once

#include "kernels/channel_affine/attributes.h"
#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: x; outputs: y.
void channel_affine_reference(const Call& call);
void channel_affine_cpu(const Call& call);
void channel_affine_cuda(const Call& call);

}  // namespace nram::kernels
