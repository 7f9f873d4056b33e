// What the checks of op_checks.cpp and op_checks_cuda.cpp share.
#pragma once

#include "tests/engine/op_checks.h"

namespace nram::harness {

void append(Failures& failures, const Failures& more);
// Whether the reference is quick enough for a sample.
bool reference_can(const Op& op, const Sample& sample);
void check_finite(const Outcome& outcome, const std::string& what, Failures& failures);
void check_close(const Outcome& value, const Outcome& reference, double tolerance,
                 const std::string& what, Failures& failures);
void check_same_bits(const Outcome& value, const Outcome& expected, const std::string& what,
                     Failures& failures);
// Bit t: tensor t has rank 4.
uint32_t rank_four(const std::vector<TensorSpec>& specs);
// All rank 4 tensors as channel slices at once, then each alone.
std::vector<Placement> wide_placements(uint32_t inputs, uint32_t outputs);

}  // namespace nram::harness
