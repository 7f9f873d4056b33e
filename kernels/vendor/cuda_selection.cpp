#include "kernels/vendor/cuda_selection.h"

#include <algorithm>

namespace nram::vendor {

Selector::Selector(ChoiceCache& cache, Preference preference, size_t workspace_limit)
    : cache_(cache), preference_(preference), workspace_limit_(workspace_limit) {}

// The project's own kernels must run: their errors are not kept, but passed on.
Attempt Selector::measure_one(Family& family, const std::string& name, bool own, Bench& bench,
                              bool& lasting) {
  Attempt attempt{name};
  try {
    const std::unique_ptr<Candidate> candidate = family.make(name);
    attempt.workspace_bytes = candidate->workspace_bytes();
    if (!own && attempt.workspace_bytes > workspace_limit_) {
      attempt.failure = text("wants ", attempt.workspace_bytes >> 20, " MiB of workspace");
      return attempt;
    }
    attempt.failure = bench.check(*candidate);
    if (attempt.failure.empty()) attempt.milliseconds = bench.milliseconds(*candidate);
  } catch (const Error& error) {
    if (own) throw;
    // No memory for the measurement, say: another time there may be.
    if (error.is_user_mistake()) lasting = false;
    attempt.failure = error.what();
  }
  NRAM_CHECK(!own || attempt.failure.empty(), "the project's own ", name, " ", attempt.failure);
  return attempt;
}

Attempts Selector::measure(Family& family, bool own, Bench& bench, bool& lasting) {
  std::vector<std::string> names;
  try {
    names = family.list();
  } catch (const Error& error) {
    if (own) throw;
    if (error.is_user_mistake()) lasting = false;
    return {{family.name(), 0, 0, error.what()}};
  }
  if (names.size() > kMostCandidates) names.resize(kMostCandidates);
  Attempts attempts;
  for (const std::string& name : names) {
    attempts.push_back(measure_one(family, name, own, bench, lasting));
  }
  return attempts;
}

const Selector::Rated* Selector::best(const std::vector<Rated>& rated, const Family* own) const {
  const Rated* fastest[2] = {nullptr, nullptr};  // vendor's, own
  for (const Rated& one : rated) {
    if (!one.attempt.failure.empty() || one.attempt.workspace_bytes > workspace_limit_) {
      if (one.family != own) continue;
    }
    const Rated*& best = fastest[one.family == own];
    if (best == nullptr || one.attempt.milliseconds < best->attempt.milliseconds) best = &one;
  }
  const auto [vendor, ours] = fastest;
  if (ours == nullptr || vendor == nullptr) return ours != nullptr ? ours : vendor;
  if (preference_ != Preference::kAuto) {
    return preference_ == Preference::kOwn ? ours : vendor;
  }
  const bool faster =
      vendor->attempt.milliseconds * (1 + kWithinNoise) < ours->attempt.milliseconds;
  return faster ? vendor : ours;
}

std::optional<Attempt> Selector::foresee(const Facts& facts, std::span<Family* const> families) {
  std::vector<Rated> rated;
  for (Family* const family : families) {
    const std::optional<Attempts> attempts = cache_.find(facts.text(), family->name());
    if (!attempts) return {};
    for (const Attempt& attempt : *attempts) rated.push_back({family, attempt});
  }
  const Rated* const chosen = best(rated, families[0]);
  if (chosen == nullptr) return {};
  return chosen->attempt;
}

Choice Selector::choose(const Facts& facts, std::span<Family* const> families, Bench& bench) {
  NRAM_CHECK(!families.empty(), "a choice of nothing");
  Family* const own = families[0];
  if (preference_ == Preference::kOwn) families = families.first(1);
  if (families.size() == 1) {
    const std::vector<std::string> names = own->list();
    NRAM_CHECK(!names.empty(), "the project has no kernel of its own for ", facts.text());
    if (names.size() == 1) return {own->name(), names[0], own->make(names[0])};
  }
  Choice choice;
  std::vector<Rated> rated;
  // Candidates are compared with the first one that the bench sees, so it must see an own one.
  bool bench_ready = false;
  for (Family* const family : families) {
    std::optional<Attempts> attempts = cache_.find(facts.text(), family->name());
    if (!attempts) {
      if (family != own && !bench_ready) bench.check(*own->make(own->list().at(0)));
      bench_ready = true;
      bool lasting = true;
      attempts = measure(*family, family == own, bench, lasting);
      if (lasting) cache_.store(facts.text(), family->name(), *attempts);
      choice.measured_now = true;
    }
    for (const Attempt& attempt : *attempts) rated.push_back({family, attempt});
  }
  while (const Rated* const chosen = best(rated, own)) {
    const size_t index = static_cast<size_t>(chosen - rated.data());
    choice.family = chosen->family->name();
    choice.name = chosen->attempt.name;
    choice.milliseconds = chosen->attempt.milliseconds;
    try {
      choice.candidate = chosen->family->make(choice.name);
      return choice;
    } catch (const Error& error) {
      if (chosen->family == own) throw;
      rated[index].attempt.failure = error.what();
      Attempts left;
      for (const Rated& one : rated) {
        if (one.family == rated[index].family) left.push_back(one.attempt);
      }
      cache_.store(facts.text(), choice.family, left);
    }
  }
  throw_internal(text("no implementation of ", facts.text()), __FILE__, __LINE__);
}

}  // namespace nram::vendor
