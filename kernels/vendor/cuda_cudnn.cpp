#include "kernels/vendor/cuda_cudnn.h"

#include "kernels/vendor/cuda_cudnn_descriptor.h"

namespace nram::cudnn {
namespace {

using vendor::version_number;

constexpr vendor::LibraryName kName = {"cuDNN", "libcudnn.so.9", "NRAM_CUDNN", "cudnn"};
constexpr int kCompiled = version_number(CUDNN_MAJOR, CUDNN_MINOR, CUDNN_PATCHLEVEL);
// Device properties as a descriptor came with it.
constexpr int kOldest = version_number(9, 8, 0);

struct Loaded {
  vendor::Library library{kName};
  Functions functions;
  int version = 0;

  Loaded() {
    if (!library.loaded()) return;
    std::string missing;
#define NRAM_CUDNN_LOAD(name) \
  if (!vendor::assign(library, functions.name, #name)) missing = #name;
    NRAM_CUDNN_FUNCTIONS(NRAM_CUDNN_LOAD)
#undef NRAM_CUDNN_LOAD
    if (!missing.empty()) {
      library.reject(text(library.path(), " has no ", missing));
      return;
    }
    version = static_cast<int>(functions.cudnnGetVersion());
    if (version < kOldest) {
      library.reject(text(library.path(), " is version ", vendor::version_text(version),
                          ", and this program needs ", vendor::version_text(kOldest)));
    }
  }
};

const Loaded& loaded() {
  static const Loaded loaded;
  return loaded;
}

}  // namespace

std::string version() {
  return vendor::describe(kName, loaded().library, loaded().version, kCompiled);
}

int loaded_version() { return loaded().library.loaded() ? loaded().version : 0; }

const Functions& functions() {
  NRAM_USER_CHECK(loaded().library.loaded(), "cuDNN is not there: ", loaded().library.reason());
  return loaded().functions;
}

void check(cudnnStatus_t status, const std::string& what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char words[1024] = {};
  functions().cudnnGetLastErrorString(words, sizeof(words));
  std::string reason = words;
  while (!reason.empty() && (reason.back() == '\n' || reason.back() == ' ')) reason.pop_back();
  throw Error(Error::Kind::kInternal,
              text("cuDNN failed in ", what, ": ", functions().cudnnGetErrorString(status),
                   reason.empty() ? "" : ", ", reason));
}

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  check(functions().cudnnBackendCreateDescriptor(type, &handle_), "creating a descriptor");
}

Descriptor::~Descriptor() {
  if (handle_ != nullptr) functions().cudnnBackendDestroyDescriptor(handle_);
}

void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                     int64_t count, const void* values) {
  check(functions().cudnnBackendSetAttribute(handle_, name, type, count, values),
        text("setting attribute ", static_cast<int>(name)));
}

void Descriptor::set(cudnnBackendAttributeName_t name, int64_t value) {
  set(name, CUDNN_TYPE_INT64, 1, &value);
}

void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values) {
  set(name, CUDNN_TYPE_INT64, static_cast<int64_t>(values.size()), values.data());
}

void Descriptor::set(cudnnBackendAttributeName_t name, bool value) {
  set(name, CUDNN_TYPE_BOOLEAN, 1, &value);
}

void Descriptor::set(cudnnBackendAttributeName_t name, double value) {
  set(name, CUDNN_TYPE_DOUBLE, 1, &value);
}

void Descriptor::set(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
  set(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
}

void Descriptor::set(cudnnBackendAttributeName_t name, const Descriptor& value) {
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.handle_);
}

void Descriptor::finalize(const char* what) {
  check(functions().cudnnBackendFinalize(handle_), what);
}

void Descriptor::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                     int64_t count, int64_t* found, void* values) const {
  check(functions().cudnnBackendGetAttribute(handle_, name, type, count, found, values),
        text("reading attribute ", static_cast<int>(name)));
}

int64_t Descriptor::count(cudnnBackendAttributeName_t name,
                          cudnnBackendAttributeType_t type) const {
  int64_t count = 0;
  get(name, type, 0, &count, nullptr);
  return count;
}

int64_t Descriptor::value(cudnnBackendAttributeName_t name) const {
  int64_t value = 0;
  int64_t found = 0;
  get(name, CUDNN_TYPE_INT64, 1, &found, &value);
  return value;
}

std::vector<Descriptor> Descriptor::descriptors(cudnnBackendAttributeName_t name,
                                                cudnnBackendDescriptorType_t type) const {
  std::vector<Descriptor> result;
  std::vector<cudnnBackendDescriptor_t> handles;
  for (int64_t left = count(name, CUDNN_TYPE_BACKEND_DESCRIPTOR); left > 0; --left) {
    handles.push_back(result.emplace_back(type).get());
  }
  int64_t found = 0;
  if (!handles.empty()) {
    get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<int64_t>(handles.size()), &found,
        handles.data());
  }
  while (static_cast<int64_t>(result.size()) > found) result.pop_back();
  return result;
}

Device::Device(std::unique_ptr<State> state) : state_(std::move(state)) {}

Device::~Device() = default;

Device::State::~State() {
  if (handle != nullptr) functions().cudnnDestroy(handle);
}

std::shared_ptr<const Device> Device::of_stream(void* stream) {
  auto state = std::make_unique<State>();
  check(functions().cudnnCreate(&state->handle), "cudnnCreate");
  check(functions().cudnnSetStream(state->handle, static_cast<cudaStream_t>(stream)),
        "cudnnSetStream");
  state->properties.set(CUDNN_ATTR_DEVICEPROP_HANDLE, CUDNN_TYPE_HANDLE, 1, &state->handle);
  state->properties.finalize("reading the GPU's properties");
  return std::make_shared<Device>(std::move(state));
}

std::shared_ptr<const Device> Device::described(const std::string& properties) {
  auto state = std::make_unique<State>();
  state->properties.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                        static_cast<int64_t>(properties.size()), properties.data());
  state->properties.finalize("reading a card's description");
  return std::make_shared<Device>(std::move(state));
}

std::string Device::properties() const {
  const std::vector<char> letters =
      state_->properties.values<char>(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR);
  return {letters.begin(), letters.end()};
}

}  // namespace nram::cudnn
