// Inside of kernels/vendor/cuda_cudnn*.cpp only: the library's functions and its descriptors.
#pragma once

#include <cudnn_graph.h>

#include <string>
#include <vector>

#include "kernels/vendor/cuda_cudnn.h"
#include "kernels/vendor/cuda_library.h"

namespace nram::cudnn {

#define NRAM_CUDNN_FUNCTIONS(F)    \
  F(cudnnGetVersion)               \
  F(cudnnGetErrorString)           \
  F(cudnnGetLastErrorString)       \
  F(cudnnCreate)                   \
  F(cudnnDestroy)                  \
  F(cudnnSetStream)                \
  F(cudnnBackendCreateDescriptor)  \
  F(cudnnBackendDestroyDescriptor) \
  F(cudnnBackendSetAttribute)      \
  F(cudnnBackendGetAttribute)      \
  F(cudnnBackendFinalize)          \
  F(cudnnBackendExecute)

struct Functions {
#define NRAM_CUDNN_FIELD(name) decltype(&::name) name = nullptr;
  NRAM_CUDNN_FUNCTIONS(NRAM_CUDNN_FIELD)
#undef NRAM_CUDNN_FIELD
};

// Throws a user error that says why there is no cuDNN.
const Functions& functions();
// Throws an error with the library's own words.
void check(cudnnStatus_t status, const std::string& what);

class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Descriptor& operator=(Descriptor&&) = delete;

  cudnnBackendDescriptor_t get() const { return handle_; }
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
           const void* values);
  void set(cudnnBackendAttributeName_t name, int64_t value);
  void set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values);
  void set(cudnnBackendAttributeName_t name, bool value);
  void set(cudnnBackendAttributeName_t name, double value);
  void set(cudnnBackendAttributeName_t name, cudnnDataType_t value);
  void set(cudnnBackendAttributeName_t name, const Descriptor& value);
  void finalize(const char* what);

  // As many values as there are, of a plain type.
  template <class T>
  std::vector<T> values(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const {
    std::vector<T> result(static_cast<size_t>(count(name, type)));
    int64_t found = 0;
    if (!result.empty()) {
      get(name, type, static_cast<int64_t>(result.size()), &found, result.data());
    }
    result.resize(static_cast<size_t>(found));
    return result;
  }
  int64_t value(cudnnBackendAttributeName_t name) const;
  int64_t count(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const;
  // `count` descriptors of `type`, filled by the library.
  std::vector<Descriptor> descriptors(cudnnBackendAttributeName_t name,
                                      cudnnBackendDescriptorType_t type) const;

 private:
  void get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
           int64_t* found, void* values) const;
  cudnnBackendDescriptor_t handle_ = nullptr;
};

struct Device::State {
  Descriptor properties{CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR};
  cudnnHandle_t handle = nullptr;  // null: described, nothing runs here
  ~State();
};

// The graph of one convolution and every descriptor that it refers to.
class OperationGraph {
 public:
  explicit OperationGraph(const Convolution& problem);
  const Descriptor& get() const { return graph_; }

  // Names of the tensors in a plan's pointers.
  enum TensorId : int64_t { kX = 1, kWeights, kBias, kY, kSum, kBiased };

 private:
  void add_image(const Convolution& problem, TensorId id);
  void add_convolution(const Convolution& problem, TensorId result);
  void add_pointwise(const Convolution& problem, cudnnPointwiseMode_t mode, TensorId from,
                     TensorId to);
  Descriptor& add_tensor(TensorId id, const std::vector<int64_t>& dims,
                         const std::vector<int64_t>& strides, cudnnDataType_t type,
                         int64_t alignment, bool is_virtual);
  const Descriptor& tensor(TensorId id) const;

  std::vector<std::pair<TensorId, Descriptor>> tensors_;
  std::vector<Descriptor> parts_;  // convolution and pointwise descriptors
  std::vector<Descriptor> operations_;
  Descriptor graph_{CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR};
};

}  // namespace nram::cudnn
