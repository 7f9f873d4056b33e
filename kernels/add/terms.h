// Host and device: the terms of one addition.
#pragma once

namespace nram::kernels {

constexpr int kAddMostInputs = 8;

struct AddTerms {
  const void* data[kAddMostInputs];  // null past the terms in use
  int count;
  int unused;
};

}  // namespace nram::kernels
