// cuda.h with every function under the name that the library exports: cuMemAlloc_v2 is not hidden
// behind a macro, and the versions for the per-thread default stream (..._ptsz) are declared too.
#pragma once

#ifndef __CUDA_API_VERSION_INTERNAL
#define __CUDA_API_VERSION_INTERNAL
#endif
#include <cuda.h>

#include <string>

namespace nram::simulator::driver {

// Why a call is refused: becomes the call's result, and the sentence a finding or a note.
struct Failure {
  CUresult result;
  std::string why;
};

const char* error_name(CUresult result);         // "CUDA_ERROR_INVALID_VALUE"
const char* error_description(CUresult result);  // "invalid argument"; null: no such error

}  // namespace nram::simulator::driver
