// The simulated GPU as a CUDA driver: libnram_simulator.so exports the driver API (cuInit,
// cuMemAlloc_v2, ...) over the simulator. Any program that loads the driver at run time runs on it
// unchanged: put a link named libcuda.so.1 to it into a folder of LD_LIBRARY_PATH. README.md says
// which options its environment has (NRAM_SIMULATOR_CARD, ...).
//
// The functions below are the library's own; load them by name (dlsym). Texts that they give are
// the thread's until it calls the same function again.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Findings since the last reset: of kernels and of host code. The same finding counts once.
int nramSimulatorFindingCount(void);
// Those that are wrong on a real card, at least sometimes; the others are warnings.
int nramSimulatorErrorCount(void);
const char* nramSimulatorFindingText(int index);  // empty: no such finding
const char* nramSimulatorFindingsJson(void);      // a list of objects

// What each kernel cost since the last reset, in the order of their names:
// {kernel: {launches, seconds, distinct_load_bytes, distinct_store_bytes, total: {...},
//           instructions: {opcode: n}, lines: [{file, line, counters}]}}
const char* nramSimulatorCountersJson(void);

// Forgets findings and counters.
void nramSimulatorReset(void);
void nramSimulatorResetFindings(void);
void nramSimulatorResetCounters(void);

// The order of blocks, warps, streams and graph nodes from now on.
void nramSimulatorSetSeed(uint64_t seed);
// Any option, by its name in lower case: "card", "memory" (both before cuInit only), "seed",
// "threads", "check", "count", "quiet", "leaks". 1: done; 0: no such option, no such value, or too
// late for it.
int nramSimulatorSetOption(const char* name, const char* value);
// Why the thread's last call that failed did.
const char* nramSimulatorLastError(void);
// The name that findings give to the thread's next device allocation.
void nramSimulatorNameNextAllocation(const char* name);
// Registers a thread of a kernel, as ptxas gives them: PTX does not say, and occupancy and launch
// limits depend on it.
void nramSimulatorSetRegisters(const char* kernel, int registers);
// The card's short name.
const char* nramSimulatorCardName(void);
// Reports what is not released now, as findings; how many. Needs the leaks option.
int nramSimulatorReportLeaks(void);

#ifdef __cplusplus
}
#endif
