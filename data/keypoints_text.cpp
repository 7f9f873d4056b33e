#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string_view>

#include "data/file.h"
#include "data/keypoints.h"
#include "kernels/common/error.h"

namespace nram::data {
namespace {

using Json = nlohmann::json;

// BODY_25 has the middle of the hips between the arms and the legs; its feet are left out.
constexpr int kFromBody25[kKeypointCount] = {0,  1,  2,  3,  4,  5,  6,  7,  9,
                                             10, 11, 12, 13, 14, 15, 16, 17, 18};

constexpr const char* kRowForm = "\"name: [18 y]: [18 x]\"";

std::array<float, kKeypointCount> parse_numbers(std::string_view list, const char* which,
                                                const std::string& place) {
  list = trim(list);
  NRAM_USER_CHECK(list.size() >= 2 && list.front() == '[' && list.back() == ']', place, ": the ",
                  which, " are not a list in brackets; write the row as ", kRowForm);
  std::array<float, kKeypointCount> values{};
  int count = 0;
  std::string_view rest = trim(list.substr(1, list.size() - 2));
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view item = trim(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    float value = 0;
    const auto [end, problem] = std::from_chars(item.data(), item.data() + item.size(), value);
    NRAM_USER_CHECK(
        problem == std::errc() && end == item.data() + item.size() && std::isfinite(value), place,
        ": '", item, "' in the ", which,
        " is not a number; write pixels, or -1 for a missing point");
    if (count < kKeypointCount) values[count] = value;
    ++count;
  }
  NRAM_USER_CHECK(count == kKeypointCount, place, ": ", count, " ", which, " instead of ",
                  kKeypointCount, "; write one for each OpenPose COCO point, -1 where missing");
  return values;
}

bool is_header(std::string_view row) { return trim(row.substr(0, row.find(':'))) == "name"; }

void set_point(Keypoints& keypoints, int k, float y, float x) {
  if (y == kMissing || x == kMissing) return;
  keypoints.y[k] = y;
  keypoints.x[k] = x;
}

Keypoints from_openpose(const Json& json, const std::string& place) {
  const auto people = json.find("people");
  NRAM_USER_CHECK(people != json.end() && people->is_array(), place,
                  ": the JSON has no array \"people\"; give OpenPose's output (--write_json)");
  NRAM_USER_CHECK(!people->empty(), place,
                  ": OpenPose found no person here; use a photo that shows one clearly");
  const Json& person = people->front();
  const auto list = person.is_object() ? person.find("pose_keypoints_2d") : person.end();
  NRAM_USER_CHECK(person.is_object() && list != person.end() && list->is_array() &&
                      (list->size() == 75 || list->size() == 54) &&
                      std::all_of(list->begin(), list->end(),
                                  [](const Json& value) { return value.is_number(); }),
                  place,
                  ": people[0].pose_keypoints_2d must be 75 (BODY_25) or 54 (COCO) numbers; run "
                  "OpenPose with one of these models");
  const bool body25 = list->size() == 75;
  Keypoints keypoints;
  float largest = 0;
  for (int k = 0; k < kKeypointCount; ++k) {
    const size_t at = 3 * static_cast<size_t>(body25 ? kFromBody25[k] : k);
    if ((*list)[at + 2].get<float>() <= 0) continue;
    set_point(keypoints, k, (*list)[at + 1].get<float>(), (*list)[at].get<float>());
    largest = std::max({largest, keypoints.y[k], keypoints.x[k]});
  }
  NRAM_USER_CHECK(keypoints.present() == 0 || largest > 1, place,
                  ": the keypoints are fractions of the image; run OpenPose with "
                  "--keypoint_scale 0 for pixels");
  return keypoints;
}

Keypoints from_array(const Json& json, const std::string& place) {
  NRAM_USER_CHECK(json.size() == kKeypointCount, place, ": the JSON array has ", json.size(),
                  " points instead of ", kKeypointCount,
                  "; write [y, x] for each OpenPose COCO point, [-1, -1] where missing");
  Keypoints keypoints;
  for (int k = 0; k < kKeypointCount; ++k) {
    const Json& point = json[k];
    NRAM_USER_CHECK(
        point.is_array() && point.size() == 2 && point[0].is_number() && point[1].is_number(),
        place, ": point ", k, " (", keypoint_name(k),
        ") of the JSON array is not a pair of numbers; write [y, x]");
    set_point(keypoints, k, point[0].get<float>(), point[1].get<float>());
  }
  return keypoints;
}

Keypoints from_rows(const std::string& content, const std::string& place, const std::string& name) {
  std::vector<NamedKeypoints> rows;
  int number = 0;
  for (const std::string& line : split_lines(content)) {
    ++number;
    if (trim(line).empty() || (rows.empty() && is_header(line))) continue;
    // The name may be left out when there is one row only, so it is looked at before the numbers.
    const bool bare = trim(line).front() == '[';
    NamedKeypoints row = parse_csv_row(bare ? ":" + line : line, text(place, " row ", number));
    if (!name.empty() && row.name == name) return row.keypoints;
    rows.push_back(std::move(row));
  }
  NRAM_USER_CHECK(!rows.empty(), place, ": no keypoints here; write a row ", kRowForm,
                  ", OpenPose JSON, or a JSON array of 18 [y, x]");
  NRAM_USER_CHECK(name.empty() || (rows.size() == 1 && rows[0].name.empty()), place,
                  ": no row is named ", name, "; the first of its ", rows.size(), " rows is ",
                  rows[0].name);
  NRAM_USER_CHECK(rows.size() == 1, place, ": ", rows.size(),
                  " rows of keypoints; name the one to use, such as ", rows[0].name);
  return rows[0].keypoints;
}

}  // namespace

std::string to_csv_row(const std::string& name, const Keypoints& keypoints) {
  std::ostringstream stream;
  const auto list = [&](const std::array<float, kKeypointCount>& values) {
    for (int k = 0; k < kKeypointCount; ++k) {
      const bool is_missing = keypoints.y[k] == kMissing || keypoints.x[k] == kMissing;
      stream << (k == 0 ? ": [" : ", ") << (is_missing ? kMissing : values[k]);
    }
    stream << "]";
  };
  stream.precision(9);
  stream << name;
  list(keypoints.y);
  list(keypoints.x);
  return stream.str();
}

NamedKeypoints parse_csv_row(const std::string& row, const std::string& place) {
  const size_t first = row.find(':');
  const size_t second = first == std::string::npos ? first : row.find(':', first + 1);
  NRAM_USER_CHECK(second != std::string::npos && row.find(':', second + 1) == std::string::npos,
                  place, ": a row has three parts divided by colons; write it as ", kRowForm);
  const std::string_view view(row);
  NamedKeypoints result;
  result.name = trim(view.substr(0, first));
  const auto y = parse_numbers(view.substr(first + 1, second - first - 1), "y coordinates", place);
  const auto x = parse_numbers(view.substr(second + 1), "x coordinates", place);
  for (int k = 0; k < kKeypointCount; ++k) set_point(result.keypoints, k, y[k], x[k]);
  return result;
}

Keypoints parse_keypoints(const std::string& content, const std::string& place,
                          const std::string& name) {
  const std::string_view begin = trim(content);
  Keypoints keypoints;
  const Json json = !begin.empty() && (begin[0] == '{' || begin[0] == '[')
                        ? Json::parse(begin, nullptr, /*allow_exceptions=*/false)
                        : Json(Json::value_t::discarded);
  if (json.is_object()) {
    keypoints = from_openpose(json, place);
  } else if (json.is_array()) {
    keypoints = from_array(json, place);
  } else {
    NRAM_USER_CHECK(begin.empty() || begin[0] != '{', place,
                    ": this is not valid JSON; is the file cut off?");
    keypoints = from_rows(content, place, name);
  }
  NRAM_USER_CHECK(keypoints.present() > 0, place,
                  ": all 18 keypoints are missing; use a photo in which a person was detected");
  return keypoints;
}

Keypoints load_keypoints(const std::string& path, const std::string& name) {
  return parse_keypoints(read_text(path), path, name);
}

}  // namespace nram::data
