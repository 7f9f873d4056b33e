// Host and device: what Adam's kernel needs of its attributes.
#pragma once

namespace nram::kernels {

struct AdamFactors {
  float keep1, add1;  // beta1, 1 - beta1
  float keep2, add2;
  float epsilon;
};

}  // namespace nram::kernels
