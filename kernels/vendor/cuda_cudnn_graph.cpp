#include <algorithm>

#include "kernels/vendor/cuda_cudnn_descriptor.h"

namespace nram::cudnn {
namespace {

cudnnDataType_t type_of(DType dtype) {
  NRAM_CHECK(dtype == DType::kFloat32 || dtype == DType::kBFloat16, "cuDNN is not given ", dtype);
  return dtype == DType::kFloat32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;
}

struct ImageShape {
  int64_t batch, height, width, channels;
  std::vector<int64_t> dims() const { return {batch, channels, height, width}; }
  std::vector<int64_t> strides(int64_t pitch) const {
    return {height * width * pitch, 1, width * pitch, pitch};
  }
};

ImageShape x_shape(const ConvolutionGeometry& g) {
  return {g.batch, g.height, g.width, g.channels};
}

ImageShape y_shape(const ConvolutionGeometry& g) {
  return {g.batch, g.output_height, g.output_width, g.output_channels};
}

// The image that a pass with an epilogue writes.
ImageShape written_shape(const Convolution& problem) {
  return problem.pass == ConvolutionPass::kData ? x_shape(problem.geometry)
                                                : y_shape(problem.geometry);
}

// Names of a pass's attributes: alpha, beta, the convolution and its three tensors.
struct PassAttributes {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t alpha, beta, convolution, x, weights, y;
};

PassAttributes attributes_of(ConvolutionPass pass) {
  switch (pass) {
    case ConvolutionPass::kForward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y};
    case ConvolutionPass::kData:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY};
    case ConvolutionPass::kWeights:
      break;
  }
  return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY};
}

void check_problem(const Convolution& problem) {
  const ConvolutionGeometry& g = problem.geometry;
  NRAM_CHECK(g.padding_mode == kernels::PaddingMode::kZeros, "cuDNN pads with zeros only");
  NRAM_CHECK(problem.x_pitch >= g.channels && problem.y_pitch >= g.output_channels,
             "a convolution's pitches are at least its channels");
  NRAM_CHECK(problem.pass != ConvolutionPass::kWeights || (!problem.bias && problem.slope == 1),
             "a weight gradient has no bias and no slope");
}

}  // namespace

// Forward: y = f(conv(x, w) + b); the intermediate values stay in registers (virtual tensors).
OperationGraph::OperationGraph(const Convolution& problem) {
  check_problem(problem);
  const ConvolutionGeometry& g = problem.geometry;
  const bool data = problem.pass == ConvolutionPass::kData;
  const TensorId written = data ? kX : kY;
  add_image(problem, kX);
  add_image(problem, kY);
  const int64_t taps = g.kernel_height * g.kernel_width;
  add_tensor(kWeights, {g.output_channels, g.channels, g.kernel_height, g.kernel_width},
             {taps * g.channels, 1, g.kernel_width * g.channels, g.channels},
             type_of(problem.weight_dtype), problem.alignment, false);
  const ImageShape shape = written_shape(problem);
  const bool slope = problem.slope != 1;
  const auto add_virtual = [&](TensorId id) {
    add_tensor(id, shape.dims(), shape.strides(shape.channels), CUDNN_DATA_FLOAT, problem.alignment,
               true);
  };
  if (!problem.bias && !slope) {
    add_convolution(problem, written);
  } else {
    add_virtual(kSum);
    add_convolution(problem, kSum);
  }
  if (problem.bias) {
    add_tensor(kBias, {1, shape.channels, 1, 1},
               {shape.channels, 1, shape.channels, shape.channels}, type_of(problem.weight_dtype),
               problem.alignment, false);
    if (slope) add_virtual(kBiased);
    add_pointwise(problem, CUDNN_POINTWISE_ADD, kSum, slope ? kBiased : written);
  }
  if (slope) {
    add_pointwise(problem, CUDNN_POINTWISE_RELU_FWD, problem.bias ? kBiased : kSum, written);
  }
  std::vector<cudnnBackendDescriptor_t> operations;
  for (const Descriptor& operation : operations_) operations.push_back(operation.get());
  graph_.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
             static_cast<int64_t>(operations.size()), operations.data());
  graph_.finalize("the graph of a convolution");
}

void OperationGraph::add_image(const Convolution& problem, TensorId id) {
  const bool x = id == kX;
  const ImageShape shape = x ? x_shape(problem.geometry) : y_shape(problem.geometry);
  add_tensor(id, shape.dims(), shape.strides(x ? problem.x_pitch : problem.y_pitch),
             type_of(problem.dtype), problem.alignment, false);
}

Descriptor& OperationGraph::add_tensor(TensorId id, const std::vector<int64_t>& dims,
                                       const std::vector<int64_t>& strides, cudnnDataType_t type,
                                       int64_t alignment, bool is_virtual) {
  Descriptor& tensor =
      tensors_.emplace_back(id, Descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR)).second;
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, static_cast<int64_t>(id));
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, type);
  tensor.set(CUDNN_ATTR_TENSOR_DIMENSIONS, dims);
  tensor.set(CUDNN_ATTR_TENSOR_STRIDES, strides);
  tensor.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment);
  if (is_virtual) tensor.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, true);
  tensor.finalize("a tensor");
  return tensor;
}

const Descriptor& OperationGraph::tensor(TensorId id) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                  [&](const auto& entry) { return entry.first == id; });
  NRAM_CHECK(found != tensors_.end(), "a graph without tensor ", static_cast<int64_t>(id));
  return found->second;
}

void OperationGraph::add_convolution(const Convolution& problem, TensorId result) {
  const ConvolutionGeometry& g = problem.geometry;
  Descriptor& convolution = parts_.emplace_back(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  const auto mode = CUDNN_CROSS_CORRELATION;
  convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  convolution.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
  convolution.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, int64_t{2});
  convolution.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, std::vector<int64_t>{1, 1});
  convolution.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, std::vector<int64_t>{g.stride, g.stride});
  convolution.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, std::vector<int64_t>{g.padding, g.padding});
  convolution.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, std::vector<int64_t>{g.padding, g.padding});
  convolution.finalize("a convolution");

  const PassAttributes names = attributes_of(problem.pass);
  Descriptor& operation = operations_.emplace_back(names.type);
  const float one = 1;
  const float zero = 0;
  operation.set(names.convolution, convolution);
  operation.set(names.x, tensor(problem.pass == ConvolutionPass::kData ? result : kX));
  operation.set(names.weights, tensor(kWeights));
  operation.set(names.y, tensor(problem.pass == ConvolutionPass::kForward ? result : kY));
  operation.set(names.alpha, CUDNN_TYPE_FLOAT, 1, &one);
  operation.set(names.beta, CUDNN_TYPE_FLOAT, 1, &zero);
  operation.finalize("a convolution's operation");
}

void OperationGraph::add_pointwise(const Convolution& problem, cudnnPointwiseMode_t mode,
                                   TensorId from, TensorId to) {
  Descriptor& pointwise = parts_.emplace_back(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  pointwise.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
  pointwise.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
  const bool relu = mode == CUDNN_POINTWISE_RELU_FWD;
  if (relu && problem.slope != 0) {
    pointwise.set(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, double{problem.slope});
  }
  pointwise.finalize(relu ? "a LeakyReLU" : "an addition");

  Descriptor& operation = operations_.emplace_back(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise);
  operation.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, tensor(from));
  if (!relu) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, tensor(kBias));
  operation.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, tensor(to));
  operation.finalize(relu ? "a LeakyReLU's operation" : "a bias's operation");
}

}  // namespace nram::cudnn
