// Stands in for cuda_cublaslt.cpp in a program that was built without cuBLASLt's headers.
#include "kernels/common/error.h"
#include "kernels/vendor/cuda_cublaslt.h"

namespace nram::cublaslt {
namespace {

constexpr const char* kMissing =
    "this program was built without cuBLASLt's headers: install cuBLAS (tools/setup --cuda does) "
    "and build again";

}  // namespace

struct Plan::State {};

std::string version() { return "left out: this program was built without cuBLASLt's headers"; }
int loaded_version() { return 0; }

std::vector<Algorithm> Plan::propose(const MatrixProduct&, size_t) { throw_user(kMissing); }
Plan::Plan(const MatrixProduct&, const Algorithm&) { throw_user(kMissing); }
Plan::~Plan() = default;
size_t Plan::workspace_bytes() const { throw_user(kMissing); }
void Plan::run(const MatrixMemory&, void*) const { throw_user(kMissing); }

}  // namespace nram::cublaslt
