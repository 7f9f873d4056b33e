// Loops that the compiler vectorises, built once per instruction set and chosen when the program
// starts. Put NRAM_MULTIVERSION before a free function whose body is plain loops over contiguous
// memory (no OpenMP inside: call it per row or block from a parallel loop). The sanitizers'
// start-up does not survive the run-time choice, so their builds have one version.
#pragma once

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(NRAM_SANITIZE) && !defined(__clang__)
#define NRAM_MULTIVERSION __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define NRAM_MULTIVERSION
#endif

#define NRAM_RESTRICT __restrict__
