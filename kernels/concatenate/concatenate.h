// Moving rows of channels: copy, concatenation along channels and its inverse. In a compiled
// program most concatenations and all slices are views, and these kernels do not run.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct SliceAttributes {
  int64_t begin;     // first channel
  int64_t channels;  // how many
};

// inputs: x; outputs: y of the same spec; any dtype, any pitch.
void copy_reference(const Call& call);
void copy_cpu(const Call& call);
void copy_cuda(const Call& call);
// inputs: x_0 [..., C_0], x_1 [..., C_1], ...; outputs: y [..., C_0 + C_1 + ...].
void concatenate_reference(const Call& call);
void concatenate_cpu(const Call& call);
void concatenate_cuda(const Call& call);
// inputs: x [..., C]; outputs: y [..., channels] = x[..., begin : begin + channels].
void slice_reference(const Call& call);
void slice_cpu(const Call& call);
void slice_cuda(const Call& call);

}  // namespace nram::kernels
