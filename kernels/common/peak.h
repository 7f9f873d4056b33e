// What this machine can do at most, measured: the yardstick of every profile.
#pragma once

namespace nram {

struct Peak {
  double flops = 0;  // float32 multiply-adds counted as two, all OpenMP threads, per second
  double bandwidth =
      0;  // bytes per second of a[i] = b[i] + s c[i] on arrays much larger than the caches
};

// Takes about half a second.
Peak measure_peak();

}  // namespace nram
