// Stands in for cuda_cudnn*.cpp in a program that was built without cuDNN's headers.
#include "kernels/vendor/cuda_cudnn.h"

namespace nram::cudnn {
namespace {

constexpr const char* kMissing =
    "this program was built without cuDNN's headers: install cuDNN 9 (tools/setup --cuda does) and "
    "build again";

}  // namespace

struct Device::State {};
struct Plan::State {};

std::string version() { return "left out: this program was built without cuDNN's headers"; }
int loaded_version() { return 0; }

std::string Engine::text() const { throw_user(kMissing); }
Engine Engine::parse(const std::string&) { throw_user(kMissing); }

Device::Device(std::unique_ptr<State> state) : state_(std::move(state)) {}
Device::~Device() = default;
std::shared_ptr<const Device> Device::of_stream(void*) { throw_user(kMissing); }
std::shared_ptr<const Device> Device::described(const std::string&) { throw_user(kMissing); }
std::string Device::properties() const { throw_user(kMissing); }

Proposals propose(const Device&, const Convolution&) { throw_user(kMissing); }

Plan::Plan(std::shared_ptr<const Device>, const Convolution&, const Engine&) {
  throw_user(kMissing);
}
Plan::~Plan() = default;
size_t Plan::workspace_bytes() const { throw_user(kMissing); }
void Plan::run(const ConvolutionMemory&) const { throw_user(kMissing); }

}  // namespace nram::cudnn
