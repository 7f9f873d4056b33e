#include "kernels/vendor/cuda_facts.h"

#include "kernels/common/cuda_driver.h"
#include "kernels/vendor/cuda_cublaslt.h"
#include "kernels/vendor/cuda_cudnn.h"

namespace nram::vendor {
namespace {

std::string driver_words() {
  const std::string built =
      text("built with CUDA ", CUDA_VERSION / 1000, ".", CUDA_VERSION % 1000 / 10);
  try {
    const Driver& driver = Driver::machine();
    return text("CUDA ", driver.version() / 1000, ".", driver.version() % 1000 / 10, " (", built,
                "), ", driver.path());
  } catch (const Error& error) {
    return text(error.what(), " (", built, ")");
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> cuda_facts() {
  return {{"CUDA driver", driver_words()},
          {"cuDNN", cudnn::version()},
          {"cuBLASLt", cublaslt::version()}};
}

}  // namespace nram::vendor
