#include "kernels/vendor/cuda_choices.h"

#include <algorithm>
#include <cstdlib>

namespace nram::vendor {
namespace {

constexpr size_t kWorkspaceLimit = size_t{256} << 20;
constexpr const char* kOwn = "own";

class OwnCandidate : public Candidate {
 public:
  OwnCandidate(Kernel kernel, size_t workspace_bytes)
      : kernel_(kernel), workspace_bytes_(workspace_bytes) {}
  size_t workspace_bytes() const override { return workspace_bytes_; }
  // No choice is known yet, so that the launcher runs its own kernels.
  void run(const Call& call) override { kernel_(call); }

 private:
  Kernel kernel_;
  size_t workspace_bytes_;
};

class OwnFamily : public Family {
 public:
  OwnFamily(Kernel kernel, size_t workspace_bytes)
      : kernel_(kernel), workspace_bytes_(workspace_bytes) {}
  std::string name() const override { return kOwn; }
  std::vector<std::string> list() override { return {kOwn}; }
  std::unique_ptr<Candidate> make(const std::string&) override {
    return std::make_unique<OwnCandidate>(kernel_, workspace_bytes_);
  }

 private:
  Kernel kernel_;
  size_t workspace_bytes_;
};

std::vector<Family*> pointers(const std::vector<std::unique_ptr<Family>>& families) {
  std::vector<Family*> result;
  for (const std::unique_ptr<Family>& family : families) result.push_back(family.get());
  return result;
}

bool run_chosen(const std::optional<Problem>& problem, const Call& call) {
  return problem && call.launcher->choices()->run(*problem, call);
}

}  // namespace

KernelOption kernel_option_from_environment() {
  const char* const value = std::getenv("NRAM_KERNELS");
  const std::string word = value != nullptr ? value : "";
  if (word.empty() || word == "auto") return {};
  if (word == kOwn) return {Preference::kOwn};
  if (word == "compile") return {Preference::kAuto, true};
  NRAM_USER_CHECK(word == "vendor", "NRAM_KERNELS is auto, own, vendor or compile, not ", word);
  return {Preference::kVendor};
}

Choices::Choices(Card card, Rivals rivals, ChoiceCache& cache, Preference preference,
                 ChoiceCache::Say say)
    : card_(std::move(card)),
      rivals_(std::move(rivals)),
      cache_(cache),
      preference_(preference),
      selector_(cache, preference, kWorkspaceLimit),
      say_(std::move(say)) {}

Choices::~Choices() = default;

Facts Choices::facts(const Problem& problem) const {
  return Facts().add("problem", describe(problem)).add("on", card_.facts.text());
}

std::vector<std::unique_ptr<Family>> Choices::families(const Problem& problem, const Call& call,
                                                       Kernel own) const {
  std::vector<std::unique_ptr<Family>> all;
  all.push_back(std::make_unique<OwnFamily>(own, call.workspace_bytes));
  if (preference_ != Preference::kOwn) {
    for (std::unique_ptr<Family>& rival : rivals_(problem)) all.push_back(std::move(rival));
  }
  return all;
}

size_t Choices::foresee(const Problem& problem) {
  const auto all = families(problem, Call(), nullptr);
  const std::optional<Attempt> best = selector_.foresee(facts(problem), pointers(all));
  return best && best->name != kOwn ? best->workspace_bytes : 0;
}

size_t Choices::prepare(const Problem& problem, const Call& call, Kernel own) {
  auto known = choices_.find(problem);
  if (known == choices_.end()) {
    const auto all = families(problem, call, own);
    if (all.size() > 1 && !selector_.foresee(facts(problem), pointers(all)) && !announced_) {
      announced_ = true;
      say_(text("measuring which kernels are fastest on this card, once",
                cache_.path().empty() ? "" : ": what was found is kept in ", cache_.path()));
    }
    CallBench bench(card_, call, tolerance(problem));
    Choice choice;
    try {
      choice = selector_.choose(facts(problem), pointers(all), bench);
    } catch (const Error& error) {
      if (!error.is_user_mistake()) throw;
      say_(text("nothing was measured for ", describe(problem), ": ", error.what()));
      choice = {kOwn, kOwn, all[0]->make(kOwn)};
    }
    known = choices_.emplace(problem, std::move(choice)).first;
  }
  return known->second.family == kOwn ? 0 : known->second.candidate->workspace_bytes();
}

bool Choices::run(const Problem& problem, const Call& call) const {
  const auto found = choices_.find(problem);
  if (found == choices_.end() || found->second.family == kOwn) return false;
  found->second.candidate->run(call);
  return true;
}

std::vector<Choices::Row> Choices::rows() const {
  std::vector<Row> rows;
  for (const auto& [problem, choice] : choices_) {
    rows.push_back({problem, choice.family, choice.name, choice.milliseconds, choice.measured_now});
  }
  return rows;
}

std::string Choices::summary() const {
  const auto taken = std::count_if(choices_.begin(), choices_.end(),
                                   [](const auto& entry) { return entry.second.family != kOwn; });
  return text(taken, " of ", choices_.size(), " problems run by cuDNN or cuBLASLt, ",
              cache_.path().empty() ? "kept for this process" : "kept in ", cache_.path());
}

bool run_chosen_convolution(const Call& call, kernels::ConvolutionPass pass) {
  return call.launcher->choices() != nullptr && run_chosen(convolution_problem(call, pass), call);
}

bool run_chosen_gram(const Call& call, bool gradient) {
  return call.launcher->choices() != nullptr && run_chosen(gram_problem(call, gradient), call);
}

}  // namespace nram::vendor
