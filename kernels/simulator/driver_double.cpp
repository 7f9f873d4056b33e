#include "kernels/simulator/driver_double.h"

#include <cstdlib>

#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {
namespace {

// Keeps a text for the caller until the thread asks the same again.
const char* keep(std::string& place, std::string text) {
  place = std::move(text);
  return place.c_str();
}

bool set_card(Driver& driver, const std::string& value) {
  const Card* card = find_card(value);
  if (card == nullptr || driver.initialised) return false;
  driver.settings.card = card;
  driver.settings.memory_bytes = card->memory_bytes;
  driver.settings_mistake.clear();
  return true;
}

bool set_memory(Driver& driver, const std::string& value) {
  const size_t bytes = parse_bytes(value);
  if (bytes == 0 || driver.initialised) return false;
  driver.settings.memory_bytes = bytes;
  driver.settings_mistake.clear();
  return true;
}

bool set_option(Driver& driver, const std::string& name, const std::string& value) {
  if (name == "card") return set_card(driver, value);
  if (name == "memory") return set_memory(driver, value);
  char* end = nullptr;
  const uint64_t number = std::strtoull(value.c_str(), &end, 10);
  if (value.empty() || *end != '\0') return false;
  if (name == "seed") {
    driver.seed(number);
  } else if (name == "threads") {
    driver.settings.threads = static_cast<int>(number);
  } else if (name == "check") {
    driver.settings.check = number != 0;
  } else if (name == "count") {
    driver.settings.count = number != 0;
  } else if (name == "quiet") {
    driver.findings.set_quiet(number != 0);
  } else if (name == "leaks") {
    driver.settings.leaks = number != 0;
  } else {
    return false;
  }
  return true;
}

// What contexts that were never released still hold when the program ends.
struct ReportAtExit {
  ~ReportAtExit() {
    Driver& state = driver();
    std::lock_guard lock(state.mutex);
    if (state.initialised) state.report_leaks(nullptr);
  }
} report_at_exit;

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

int nramSimulatorFindingCount(void) { return static_cast<int>(driver().findings.count()); }
int nramSimulatorErrorCount(void) { return static_cast<int>(driver().findings.errors()); }

const char* nramSimulatorFindingText(int index) {
  static thread_local std::string text;
  return keep(text, index < 0 ? "" : driver().findings.text(static_cast<size_t>(index)));
}
const char* nramSimulatorFindingsJson(void) {
  static thread_local std::string text;
  return keep(text, driver().findings.json());
}
const char* nramSimulatorCountersJson(void) {
  static thread_local std::string text;
  return keep(text, driver().counters.json());
}

void nramSimulatorReset(void) {
  nramSimulatorResetFindings();
  nramSimulatorResetCounters();
}
void nramSimulatorResetFindings(void) { driver().findings.reset(); }
void nramSimulatorResetCounters(void) { driver().counters.reset(); }

void nramSimulatorSetSeed(uint64_t seed) {
  Driver& state = driver();
  std::lock_guard lock(state.mutex);
  state.seed(seed);
}

int nramSimulatorSetOption(const char* name, const char* value) {
  if (name == nullptr || value == nullptr) return 0;
  Driver& state = driver();
  std::lock_guard lock(state.mutex);
  return set_option(state, name, value) ? 1 : 0;
}

const char* nramSimulatorLastError(void) { return this_thread().last_error.c_str(); }

void nramSimulatorNameNextAllocation(const char* name) {
  this_thread().next_name = name == nullptr ? "" : name;
}

void nramSimulatorSetRegisters(const char* kernel, int registers) {
  if (kernel == nullptr || registers < 1 || registers > 255) return;
  Driver& state = driver();
  std::lock_guard lock(state.mutex);
  state.registers[kernel] = registers;
}

const char* nramSimulatorCardName(void) {
  static thread_local std::string text;
  Driver& state = driver();
  std::lock_guard lock(state.mutex);
  return keep(text, std::string(state.settings.card->name));
}

int nramSimulatorReportLeaks(void) {
  Driver& state = driver();
  std::lock_guard lock(state.mutex);
  return state.initialised ? static_cast<int>(state.report_leaks(nullptr)) : 0;
}

}  // extern "C"
