// How the cuda kernels compute a convolution: the matrix product's tile, the splits of its sums and
// the workspace. Plain arithmetic on shapes: neither the card nor its number of multiprocessors
// enters, so that a result has the same bits on all cards that run the same path.
#pragma once

#include "kernels/convolution/convolution.h"

namespace nram::kernels {

enum class ProductPath {
  kSimt,    // exact float arithmetic, any card
  kTensor,  // tensor cores: TF32 of float32, or bfloat16; capability 8.0 on
};

// A kernel by the block of sums that one block of threads computes.
struct ProductTile {
  int64_t rows, columns;
  int64_t threads;
};

struct ProductPlan {
  ConvolutionGeometry geometry;
  ConvolutionPass pass = ConvolutionPass::kForward;
  DType dtype = DType::kFloat32;
  ProductPath path = ProductPath::kSimt;
  int tile = 0;           // index into the tiles of the pass and path
  int64_t channels = 0;   // of the gathered tensor, padded
  int64_t gradients = 0;  // kWeights: channels of dy, padded
  int64_t splits = 1;
  bool partial = false;  // sums go to the workspace first
  // Parts of the workspace in this order, each 256-byte aligned: copies with padded channels (0:
  // not needed), packed weights, partial sums.
  size_t image_bytes = 0, weight_bytes = 0, gradient_bytes = 0, partial_bytes = 0;

  size_t workspace() const { return image_bytes + weight_bytes + gradient_bytes + partial_bytes; }
  const ProductTile& shape() const;
  // The convolution that the product runs: a reflected border of a transposed convolution is a part
  // of its output first, and added to where it was read from afterwards.
  ConvolutionGeometry inner() const;
};

// Tiles of pixel products and of weight gradients.
constexpr int kPixelTiles = 4;
constexpr int kWeightTiles = 3;
constexpr int kTensorTiles = 2;

// `tensor_cores`: may be used. Products of few output channels, which would fill no tile of theirs,
// do without.
ProductPlan plan_product(ConvolutionPass pass, const ConvolutionGeometry& geometry, DType dtype,
                         bool tensor_cores);

}  // namespace nram::kernels
