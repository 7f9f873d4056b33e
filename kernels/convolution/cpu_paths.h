// The ways in which the cpu kernels compute a convolution. Each path says which problems it takes,
// how much workspace it wants, and runs; cpu.cpp picks. Borders have been dealt with before where
// a path says so: oneDNN knows zero padding only.
#pragma once

#include "kernels/convolution/convolution.h"
#include "kernels/vendor/onednn.h"

namespace nram::kernels {

inline size_t round_to_line(size_t bytes) { return (bytes + 63) / 64 * 64; }

// What a forward pass does after the sum.
struct Epilogue {
  const float* bias = nullptr;
  float slope = 1;
};

onednn::Convolution problem_of(onednn::Pass pass, const ConvolutionGeometry& geometry,
                               bool bias = false, float slope = 1);

// Winograd's F(4x4, 3x3), stride 1: two to three times as fast as the direct algorithm, and less
// exact: largest errors 3e-6 to 7e-6 of the result's root mean square, rms 8e-7
// (tests/engine/winograd_test.cpp prints them per shape). Reflected borders but in the data pass.
bool winograd_takes(onednn::Pass pass, const ConvolutionGeometry& geometry);
size_t winograd_workspace(onednn::Pass pass, const ConvolutionGeometry& geometry);
// Forward: writes memory.y; data: memory.x; the epilogue is for these. Weights: memory.weights.
void run_winograd(onednn::Pass pass, const ConvolutionGeometry& geometry,
                  const onednn::ConvolutionMemory& memory, const Epilogue& epilogue);

// Few output channels, stride 1, kernel larger than 1x1: vectorised over a row's pixels, as
// oneDNN's vectors over channels would run almost empty. Any border. Weights [O,kh,kw,C].
bool narrow_takes(const ConvolutionGeometry& geometry);
size_t narrow_workspace(const ConvolutionGeometry& geometry);
void run_narrow(const ConvolutionGeometry& geometry, const float* x, const float* weights,
                const Epilogue& epilogue, float* y, void* workspace);

// The convolution of dy that gives dx at stride 1 (of the bordered image if the border is
// reflected), and its weights: w'[c,u,v,o] = w[o,kh-1-u,kw-1-v,c].
ConvolutionGeometry data_gradient_geometry(const ConvolutionGeometry& geometry);
void flip_weights(const ConvolutionGeometry& geometry, const float* weights, float* flipped);

// Weight gradient with few output channels, stride 1: dy and x change roles, so that oneDNN's
// vectors run over x's channels. Zero padding.
bool swapped_weights_takes(const ConvolutionGeometry& geometry);
size_t swapped_weights_workspace(const ConvolutionGeometry& geometry);
void run_swapped_weights(const ConvolutionGeometry& geometry, const float* x, const float* dy,
                         float* dw, void* workspace);

// Sums in double, rounded once: where double_sums() asks for it, in place of all other paths. The
// passes take any border but the data gradient's, which wants zero padding.
size_t double_sums_workspace();
void run_double_sums_forward(const ConvolutionGeometry& geometry, const float* x,
                             const float* weights, const Epilogue& epilogue, float* y,
                             void* workspace);
void run_double_sums_data(const ConvolutionGeometry& geometry, const float* dy,
                          const float* weights, const Epilogue& epilogue, float* dx,
                          void* workspace);
void run_double_sums_weights(const ConvolutionGeometry& geometry, const float* x, const float* dy,
                             float* dw, void* workspace);

}  // namespace nram::kernels
