#include "kernels/common/error.h"

namespace nram {

void throw_user(const std::string& message) { throw Error(Error::Kind::kUser, message); }

void throw_internal(const std::string& message, const char* file, int line) {
  throw Error(Error::Kind::kInternal, text(message, " (", file, ":", line, ")"));
}

}  // namespace nram
