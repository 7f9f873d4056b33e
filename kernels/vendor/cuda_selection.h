// Which of several implementations of one problem runs on this card: each is checked against the
// project's own kernels and timed, once; then the fastest that agreed is taken, from the cache.
// Knows nothing of GPUs: candidates and the bench that they are put on are interfaces.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/common/call.h"
#include "kernels/vendor/cuda_choice_cache.h"

namespace nram::vendor {

// Everything that a choice depends on, as text: another value of any of them is another choice.
class Facts {
 public:
  template <class T>
  Facts& add(const char* name, const T& value) {
    if (!text_.empty()) text_ += ", ";
    text_ += nram::text(name, " ", value);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// An implementation, ready to run.
class Candidate {
 public:
  virtual ~Candidate() = default;
  virtual size_t workspace_bytes() const = 0;
  virtual void run(const Call& call) = 0;
};

// Implementations of one kind ("own", "cudnn") of one problem.
class Family {
 public:
  virtual ~Family() = default;
  virtual std::string name() const = 0;
  // Their names, the most promising first. Throws Error where there are none.
  virtual std::vector<std::string> list() = 0;
  // Throws Error where it cannot be made.
  virtual std::unique_ptr<Candidate> make(const std::string& name) = 0;
};

// Runs candidates of one problem on a card.
class Bench {
 public:
  virtual ~Bench() = default;
  // Why its result is not to be trusted, compared with the first candidate that was given here;
  // empty if it is. Throws Error where it does not run.
  virtual std::string check(Candidate& candidate) = 0;
  virtual double milliseconds(Candidate& candidate) = 0;
};

enum class Preference : uint8_t { kAuto, kOwn, kVendor };

struct Choice {
  std::string family;
  std::string name;
  std::unique_ptr<Candidate> candidate;
  double milliseconds = 0;  // 0: not measured, as there was nothing to choose
  bool measured_now = false;
};

class Selector {
 public:
  // Candidates that want more workspace are not taken.
  Selector(ChoiceCache& cache, Preference preference, size_t workspace_limit);

  // The first family is the project's own, which always works; the fastest is taken, an own one
  // also where it is at most kWithinNoise slower. A preferred family is taken wherever it has a
  // candidate that works.
  Choice choose(const Facts& facts, std::span<Family* const> families, Bench& bench);
  // What would be taken, as far as is known without measuring; nothing if a family is not known.
  std::optional<Attempt> foresee(const Facts& facts, std::span<Family* const> families);

  static constexpr double kWithinNoise = 0.03;
  // Of each family, the most promising ones.
  static constexpr size_t kMostCandidates = 8;

 private:
  struct Rated {
    Family* family;
    Attempt attempt;
  };
  Attempts measure(Family& family, bool own, Bench& bench, bool& lasting);
  Attempt measure_one(Family& family, const std::string& name, bool own, Bench& bench,
                      bool& lasting);
  const Rated* best(const std::vector<Rated>& rated, const Family* own) const;

  ChoiceCache& cache_;
  Preference preference_;
  size_t workspace_limit_;
};

}  // namespace nram::vendor
