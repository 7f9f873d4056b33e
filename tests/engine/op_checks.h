// What every row of the op table must fulfil. A check returns what it found wrong, one sentence
// each: empty means passed. op_table_test.cpp applies them to all rows, op_checks_test.cpp to ops
// with planted mistakes.
#pragma once

#include "tests/engine/op_execution.h"

namespace nram::harness {

// Name, summary, a kernel of its own for each target, samples with distinct names, each in-place
// bit used by a sample, and shape inference that throws Error on too few and too many inputs. Needs
// no sample of its own.
Failures check_row(const Op& op);

// The cpu kernel against the reference in float32, within op.tolerance. Leaves out benchmark
// samples that are too much work for the reference.
Failures check_forward(const Op& op, const Sample& sample);

// Both targets with channel slices for inputs and outputs give the bits of dense tensors on the
// reference and agree within tolerance on the cpu.
Failures check_pitched(const Op& op, const Sample& sample);

// Both targets, output 0 written over each permitted input: the same bits as out of place.
Failures check_in_place(const Op& op, const Sample& sample);

// The cpu kernel with one thread and with two: finite, each the same bits twice, both within
// tolerance. Benchmark samples as well, up to the largest.
Failures check_determinism(const Op& op, const Sample& sample);

// The cuda column, on the GPU of gpu.h: against the reference in float32, and where the row has
// them with TF32 and with bfloat16 inputs, each within its tolerance; no finding of the simulated
// device; the same bits under three orders of warps and blocks.
Failures check_cuda(const Op& op, const Sample& sample);
// The same with channel slices and with output 0 over each permitted input.
Failures check_cuda_placements(const Op& op, const Sample& sample);
// The PTX of every architecture in the program against the reference.
Failures check_cuda_architectures(const Op& op, const Sample& sample);

// Flops and bytes are present and finite, and every output's bytes count.
Failures check_cost(const Op& op, const Sample& sample);

// In float64 on the reference: the gradient nodes, seeded on output 0, against central finite
// differences; a gradient asked for alone equals the one asked for with the others.
Failures check_gradient(const Op& op, const Sample& sample);

}  // namespace nram::harness
