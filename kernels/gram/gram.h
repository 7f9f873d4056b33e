// Gram matrix of a feature map, per sample (paper, eq. 4): G[n,i,j] = sum_p F[n,p,i] F[n,p,j] /
// (C H W), F [N,H,W,C], p over H W. Backward: dF[n,p,i] = sum_j F[n,p,j] (dG[n,i,j] + dG[n,j,i]) /
// (C H W).
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: F [N,H,W,C]; outputs: G [N,C,C], float32 also of bfloat16 features.
void gram_reference(const Call& call);
void gram_cpu(const Call& call);
void gram_cuda(const Call& call);
size_t gram_cpu_workspace(const Shape& features);
size_t gram_cuda_workspace(const Shape& features);
// inputs: dG [N,C,C], F [N,H,W,C]; outputs: dF [N,H,W,C].
void gram_gradient_reference(const Call& call);
void gram_gradient_cpu(const Call& call);
void gram_gradient_cuda(const Call& call);
size_t gram_gradient_cpu_workspace(const Shape& features);
size_t gram_gradient_cuda_workspace(const Shape& features);

}  // namespace nram::kernels
