// Every planted bug is found, and its twin without the bug is silent. Prints what each was told.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "tests/simulator_driver/planted.h"

namespace nram::planted {
namespace {

std::vector<Planted> all() {
  std::vector<Planted> all = planted_in_kernels();
  for (const auto& more : {planted_between_streams(), planted_in_host_code()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string result;
  for (const std::string& text : texts) result += "\n  " + text;
  return result;
}

std::vector<std::string> findings_of(void (*use)(Sandbox&)) {
  Sandbox box;
  use(box);
  return Sandbox::findings();
}

class PlantedBug : public testing::TestWithParam<size_t> {};

TEST_P(PlantedBug, IsFoundAndItsTwinIsSilent) {
  const Planted planted = all()[GetParam()];
  const std::vector<std::string> found = findings_of(planted.bug);
  const auto told = std::find_if(found.begin(), found.end(), [&](const std::string& text) {
    return text.find(planted.expected) != std::string::npos;
  });
  ASSERT_NE(told, found.end()) << planted.name << ": expected \"" << planted.expected << "\", found"
                               << joined(found);
  std::printf("%s\n  %s\n", planted.name, told->c_str());
  const std::vector<std::string> of_twin = findings_of(planted.twin);
  EXPECT_TRUE(of_twin.empty()) << planted.name << ", without the bug:" << joined(of_twin);
}

std::string name_of(const testing::TestParamInfo<size_t>& info) {
  std::string name = all()[info.param].name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Each, PlantedBug, testing::Range(size_t{0}, all().size()), name_of);

TEST(PlantedBugs, AreThirtyAtLeast) { EXPECT_GE(all().size(), 30u); }

}  // namespace
}  // namespace nram::planted
