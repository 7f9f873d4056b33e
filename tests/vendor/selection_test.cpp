// The choice between implementations, with made-up ones and a made-up clock.
#include "kernels/vendor/cuda_selection.h"

#include <gtest/gtest.h>

#include <map>

namespace nram::vendor {
namespace {

// What a made-up implementation does.
struct Script {
  double milliseconds = 1;
  size_t workspace = 0;
  std::string wrong = {};    // what the check finds
  std::string broken = {};   // what making it throws
  bool by_the_user = false;  // ... as a user error
};

class FakeCandidate : public Candidate {
 public:
  explicit FakeCandidate(const Script& script) : script(script) {}
  size_t workspace_bytes() const override { return script.workspace; }
  void run(const Call&) override {}
  Script script;
};

class FakeFamily : public Family {
 public:
  FakeFamily(const std::string& name, std::vector<std::pair<std::string, Script>> scripts)
      : name_(name), scripts_(std::move(scripts)) {}
  std::string name() const override { return name_; }
  std::vector<std::string> list() override {
    ++lists;
    if (!none.empty()) throw_internal(none, "fake", 0);
    std::vector<std::string> names;
    for (const auto& [name, script] : scripts_) names.push_back(name);
    return names;
  }
  std::unique_ptr<Candidate> make(const std::string& name) override {
    for (const auto& [known, script] : scripts_) {
      if (known != name) continue;
      if (script.broken.empty()) return std::make_unique<FakeCandidate>(script);
      if (script.by_the_user) throw_user(script.broken);
      throw_internal(script.broken, "fake", 0);
    }
    throw_internal("there is no " + name, "fake", 0);
  }
  Script& script(const std::string& name) {
    for (auto& [known, script] : scripts_) {
      if (known == name) return script;
    }
    throw std::runtime_error(name);
  }

  int lists = 0;
  std::string none;

 private:
  std::string name_;
  std::vector<std::pair<std::string, Script>> scripts_;
};

class FakeBench : public Bench {
 public:
  std::string check(Candidate& candidate) override {
    ++checks;
    return static_cast<FakeCandidate&>(candidate).script.wrong;
  }
  double milliseconds(Candidate& candidate) override {
    ++timings;
    return static_cast<FakeCandidate&>(candidate).script.milliseconds;
  }
  int checks = 0, timings = 0;
};

class Selection : public ::testing::Test {
 protected:
  std::string choose(Preference preference = Preference::kAuto, const std::string& fact = "a") {
    Selector selector(cache_, preference, 1 << 20);
    Family* const families[] = {&own_, &vendor_};
    last_ = selector.choose(Facts().add("fact", fact), families, bench_);
    EXPECT_NE(last_.candidate, nullptr);
    return last_.family + " " + last_.name;
  }
  std::string failure_of(const std::string& name) {
    for (const Attempt& attempt : cache_.find("fact a", "vendor").value_or(Attempts{})) {
      if (attempt.name == name) return attempt.failure;
    }
    return "not tried";
  }

  ChoiceCache cache_{""};
  FakeFamily own_{"own", {{"own", {.milliseconds = 1}}}};
  FakeFamily vendor_{"vendor", {{"slow", {.milliseconds = 2}}, {"fast", {.milliseconds = 0.5}}}};
  FakeBench bench_;
  Choice last_;
};

TEST_F(Selection, TakesTheFastest) {
  EXPECT_EQ(choose(), "vendor fast");
  EXPECT_EQ(last_.milliseconds, 0.5);
  EXPECT_TRUE(last_.measured_now);
  EXPECT_EQ(bench_.timings, 3);
}

TEST_F(Selection, KeepsItsOwnWithinTheNoise) {
  vendor_.script("fast").milliseconds = 0.98;
  EXPECT_EQ(choose(), "own own");
  vendor_.script("fast").milliseconds = 0.95;
  EXPECT_EQ(choose(Preference::kAuto, "b"), "vendor fast");
}

TEST_F(Selection, MeasuresOnce) {
  choose();
  vendor_.script("fast").milliseconds = 9;
  EXPECT_EQ(choose(), "vendor fast");
  EXPECT_FALSE(last_.measured_now);
  EXPECT_EQ(bench_.timings, 3);
  EXPECT_EQ(vendor_.lists, 1);
}

TEST_F(Selection, MeasuresAgainWhenAFactChanges) {
  choose();
  vendor_.script("fast").milliseconds = 9;
  EXPECT_EQ(choose(Preference::kAuto, "b"), "own own");
  EXPECT_TRUE(last_.measured_now);
}

TEST_F(Selection, RemembersFailuresWithTheirReasons) {
  vendor_.script("fast").wrong = "loses a NaN";
  vendor_.script("slow").broken = "no such engine here";
  EXPECT_EQ(choose(), "own own");
  EXPECT_EQ(failure_of("fast"), "loses a NaN");
  EXPECT_NE(failure_of("slow").find("no such engine here"), std::string::npos);
  const int checks = bench_.checks;
  vendor_.script("fast").wrong.clear();
  EXPECT_EQ(choose(), "own own");
  EXPECT_EQ(bench_.checks, checks);
}

TEST_F(Selection, RemembersThatAFamilyHasNone) {
  vendor_.none = "the graph is not taken";
  EXPECT_EQ(choose(), "own own");
  EXPECT_NE(failure_of("vendor").find("the graph is not taken"), std::string::npos);
  EXPECT_EQ(choose(), "own own");
  EXPECT_EQ(vendor_.lists, 1);
}

TEST_F(Selection, TriesAgainLaterWhatTheMachinesStateForbade) {
  vendor_.script("fast").broken = "no memory left";
  vendor_.script("fast").by_the_user = true;
  EXPECT_EQ(choose(), "own own");
  EXPECT_EQ(failure_of("fast"), "not tried");
  vendor_.script("fast").broken.clear();
  EXPECT_EQ(choose(), "vendor fast");
}

TEST_F(Selection, RefusesTooMuchWorkspace) {
  vendor_.script("fast").workspace = 5 << 20;
  EXPECT_EQ(choose(), "own own");
  EXPECT_EQ(failure_of("fast"), "wants 5 MiB of workspace");
}

TEST_F(Selection, ForcedOwnMeasuresNothing) {
  EXPECT_EQ(choose(Preference::kOwn), "own own");
  EXPECT_EQ(bench_.checks + bench_.timings + vendor_.lists, 0);
}

TEST_F(Selection, ForcedVendorTakesItThoughSlower) {
  vendor_.script("fast").milliseconds = 1.5;
  EXPECT_EQ(choose(Preference::kVendor), "vendor fast");
  EXPECT_EQ(choose(Preference::kAuto), "own own");  // of the same measurements
  EXPECT_EQ(bench_.timings, 3);
}

TEST_F(Selection, ForcedVendorWithoutOneThatWorksIsOwn) {
  vendor_.none = "nothing";
  EXPECT_EQ(choose(Preference::kVendor), "own own");
}

TEST_F(Selection, ACachedCandidateThatIsGoneIsForgotten) {
  choose();
  vendor_.script("fast").broken = "engine removed";
  EXPECT_EQ(choose(), "own own");
  EXPECT_NE(failure_of("fast").find("engine removed"), std::string::npos);
}

TEST_F(Selection, TheTruthIsTheProjectsOwnAlsoWhenItsTimeIsKnown) {
  cache_.store("fact a", "own", {{"own", 1, 0, ""}});
  EXPECT_EQ(choose(), "vendor fast");
  EXPECT_EQ(bench_.checks, 3);  // own first, as what the others are compared with
  EXPECT_EQ(bench_.timings, 2);
}

TEST_F(Selection, ErrorsOfTheProjectsOwnArePassedOn) {
  own_.script("own").broken = "a bug";
  EXPECT_THROW(choose(), Error);
  own_.script("own").broken.clear();
  own_.script("own").wrong = "does not give the same bits twice";
  EXPECT_THROW(choose(Preference::kAuto, "b"), Error);
}

TEST_F(Selection, TriesTheMostPromisingOnly) {
  std::vector<std::pair<std::string, Script>> many;
  for (int i = 0; i < 20; ++i) many.push_back({std::to_string(i), {.milliseconds = 20.0 - i}});
  FakeFamily family("many", many);
  Selector selector(cache_, Preference::kAuto, 1 << 20);
  Family* const families[] = {&own_, &family};
  selector.choose(Facts().add("fact", "many"), families, bench_);
  EXPECT_EQ(bench_.timings, 1 + static_cast<int>(Selector::kMostCandidates));
}

TEST_F(Selection, ForeseesWhatIsKnownWithoutMeasuring) {
  Selector selector(cache_, Preference::kAuto, 1 << 20);
  Family* const families[] = {&own_, &vendor_};
  const Facts facts = Facts().add("fact", "a");
  EXPECT_FALSE(selector.foresee(facts, families).has_value());
  vendor_.script("fast").workspace = 77;
  choose();
  const std::optional<Attempt> foreseen = selector.foresee(facts, families);
  ASSERT_TRUE(foreseen.has_value());
  EXPECT_EQ(foreseen->name, "fast");
  EXPECT_EQ(foreseen->workspace_bytes, 77u);
  EXPECT_EQ(bench_.timings, 3);
}

}  // namespace
}  // namespace nram::vendor
