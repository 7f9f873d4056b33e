#include "kernels/simulator/counters.h"

namespace nram::simulator {

void Counters::add(const Counters& other) {
  warp_instructions += other.warp_instructions;
  lane_instructions += other.lane_instructions;
  flops += other.flops;
  tensor_flops += other.tensor_flops;
  branches += other.branches;
  divergent_branches += other.divergent_branches;
  barriers += other.barriers;
  global_requests += other.global_requests;
  global_sectors += other.global_sectors;
  global_ideal_sectors += other.global_ideal_sectors;
  global_load_bytes += other.global_load_bytes;
  global_store_bytes += other.global_store_bytes;
  shared_requests += other.shared_requests;
  shared_wavefronts += other.shared_wavefronts;
  shared_ideal_wavefronts += other.shared_ideal_wavefronts;
  local_requests += other.local_requests;
  atomics += other.atomics;
}

namespace {

Counters counters_of(const Instruction& instruction, const InstructionCounts& counts) {
  Counters result;
  result.warp_instructions = counts.warps;
  result.lane_instructions = counts.lanes;
  result.flops = counts.lanes * instruction.flops;
  result.tensor_flops = counts.warps * instruction.tensor_flops * 256;
  const bool branch = instruction.kind == Kind::kBranch || instruction.kind == Kind::kBranchTable;
  result.branches = branch ? counts.warps : 0;
  result.divergent_branches = counts.divergent;
  result.barriers = instruction.kind == Kind::kBarrier ? counts.warps : 0;
  result.global_requests = counts.global_requests;
  result.global_sectors = counts.sectors;
  result.global_ideal_sectors = counts.ideal_sectors;
  result.global_load_bytes = counts.load_bytes;
  result.global_store_bytes = counts.store_bytes;
  result.shared_requests = counts.shared_requests;
  result.shared_wavefronts = counts.wavefronts;
  result.shared_ideal_wavefronts = counts.ideal_wavefronts;
  result.local_requests = counts.local_requests;
  result.atomics = counts.atomics;
  return result;
}

}  // namespace

void fill_counters(const LaunchState& state, const std::vector<std::unique_ptr<Worker>>& workers,
                   const std::map<int, std::string>& files, LaunchReport& report) {
  const Code& code = state.code;
  std::map<std::pair<int, int>, Counters> lines;
  for (const std::unique_ptr<Worker>& worker : workers) {
    report.distinct_load_bytes += 32 * worker->distinct_load_sectors;
    report.distinct_store_bytes += 32 * worker->distinct_store_sectors;
    for (size_t i = 0; i < code.instructions.size(); ++i) {
      const InstructionCounts& counts = worker->counts[i];
      if (counts.warps == 0) continue;
      const InstructionSource& source = code.sources[i];
      const Counters counters = counters_of(code.instructions[i], counts);
      report.total.add(counters);
      lines[{source.file, source.line}].add(counters);
      report.instructions[code.opcodes[source.opcode]] += counts.warps;
    }
  }
  for (const auto& [place, counters] : lines) {
    const auto file = files.find(place.first);
    report.lines.push_back(
        {file == files.end() ? std::string() : file->second, place.second, counters});
  }
}

}  // namespace nram::simulator
