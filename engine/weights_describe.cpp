// Comparing a weights file with what a model expects, and describing it to people and programs.
#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_set>

#include "engine/weights_file.h"
#include "engine/weights_header.h"
#include "kernels/common/error.h"

namespace nram {

using namespace safetensors;
namespace {

constexpr size_t kNamesShown = 3;

// "2 missing ('a', 'b')"; nothing where there is none.
void append_problem(std::string& sentence, const char* what,
                    const std::vector<std::string>& descriptions) {
  if (descriptions.empty()) return;
  sentence += text(sentence.empty() ? "" : ", ", descriptions.size(), " ", what, " (");
  for (size_t i = 0; i < std::min(kNamesShown, descriptions.size()); ++i) {
    if (i != 0) sentence += ", ";
    sentence += descriptions[i];
  }
  sentence += descriptions.size() > kNamesShown ? ", ...)" : ")";
}

struct Total {
  uint64_t tensors = 0;
  uint64_t parameters = 0;
  uint64_t bytes = 0;

  void add(const TensorInfo& tensor) {
    ++tensors;
    parameters += static_cast<uint64_t>(tensor.elements());
    bytes += tensor.bytes();
  }
};

// Totals by the part of the names before the first point: the networks of a checkpoint.
std::map<std::string, Total> totals_by_group(const WeightsFile& file) {
  std::map<std::string, Total> groups;
  for (const TensorInfo& tensor : file.tensors()) {
    groups[tensor.name.substr(0, tensor.name.find('.'))].add(tensor);
  }
  return groups;
}

Total total_of(const WeightsFile& file) {
  Total total;
  for (const TensorInfo& tensor : file.tensors()) total.add(tensor);
  return total;
}

// 41347980 as "41,347,980".
std::string grouped(uint64_t value) {
  std::string digits = std::to_string(value);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

// Characters of a valid UTF-8 text, for the width of a column.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

using Row = std::vector<std::string>;

// The rows with columns as wide as their widest cell; numbers (from column `numbers` on) to the
// right.
std::string format_table(const std::vector<Row>& rows, size_t numbers) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string result;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (i >= numbers ? padding + row[i] : row[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + "\n";
  }
  return result;
}

nlohmann::ordered_json total_json(const Total& total) {
  return {{"tensors", total.tensors}, {"parameters", total.parameters}, {"bytes", total.bytes}};
}

}  // namespace

std::string compare_tensors(const WeightsFile& file, std::span<const ExpectedTensor> expected,
                            const std::string& prefix) {
  std::vector<std::string> missing, unknown, wrong_shape;
  std::unordered_set<std::string> names;
  for (const ExpectedTensor& tensor : expected) {
    NRAM_CHECK(names.insert(tensor.name).second, "tensor ", in_quotes(tensor.name),
               " expected twice");
    const TensorInfo* found = file.find(tensor.name);
    if (found == nullptr) {
      missing.push_back(in_quotes(tensor.name));
    } else if (found->shape != tensor.shape) {
      wrong_shape.push_back(text(in_quotes(tensor.name), " is ", shape_text(found->shape), ", not ",
                                 shape_text(tensor.shape)));
    }
  }
  for (const TensorInfo& tensor : file.tensors()) {
    if (tensor.name.starts_with(prefix) && names.count(tensor.name) == 0) {
      unknown.push_back(in_quotes(tensor.name));
    }
  }
  std::string problems;
  append_problem(problems, "missing", missing);
  append_problem(problems, "of the wrong shape", wrong_shape);
  append_problem(problems, "unknown", unknown);
  if (problems.empty()) return problems;
  return text("the tensors of weights file ", in_quotes(file.path(), 4096),
              " are not those of this model: ", problems,
              "; give a file that was written for it, or options that fit the file");
}

void check_tensors(const WeightsFile& file, std::span<const ExpectedTensor> expected,
                   const std::string& prefix) {
  const std::string sentence = compare_tensors(file, expected, prefix);
  if (!sentence.empty()) throw_user(sentence);
}

std::string describe(const WeightsFile& file) {
  std::vector<Row> rows{{"tensor", "dtype", "shape", "parameters", "bytes"}};
  for (const TensorInfo& tensor : file.tensors()) {
    rows.push_back({printable(tensor.name, 200), tensor.dtype, shape_text(tensor.shape),
                    grouped(static_cast<uint64_t>(tensor.elements())), grouped(tensor.bytes())});
  }
  std::string result = format_table(rows, 3);

  std::vector<Row> totals{{"total", "tensors", "parameters", "bytes"}};
  const auto add_total = [&](const std::string& name, const Total& total) {
    totals.push_back(
        {name, grouped(total.tensors), grouped(total.parameters), grouped(total.bytes)});
  };
  const std::map<std::string, Total> groups = totals_by_group(file);
  if (groups.size() > 1) {
    for (const auto& [name, total] : groups) add_total(printable(name, 200), total);
  }
  add_total("all", total_of(file));
  result += '\n';
  result += format_table(totals, 1);

  if (!file.metadata().empty()) {
    std::vector<Row> metadata{{"metadata", "value"}};
    for (const auto& [key, value] : file.metadata()) {
      metadata.push_back({printable(key, 200), printable(value, 2000)});
    }
    result += '\n';
    result += format_table(metadata, 2);
  }
  return result;
}

std::string describe_json(const WeightsFile& file) {
  nlohmann::ordered_json document{{"path", file.path()}, {"file_bytes", file.file_bytes()}};
  document["metadata"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : file.metadata()) document["metadata"][key] = value;
  document["tensors"] = nlohmann::ordered_json::array();
  for (const TensorInfo& tensor : file.tensors()) {
    document["tensors"].push_back({{"name", tensor.name},
                                   {"dtype", tensor.dtype},
                                   {"shape", tensor.shape},
                                   {"parameters", tensor.elements()},
                                   {"bytes", tensor.bytes()}});
  }
  document["groups"] = nlohmann::ordered_json::object();
  for (const auto& [name, total] : totals_by_group(file)) {
    document["groups"][name] = total_json(total);
  }
  document["total"] = total_json(total_of(file));
  // A path need not be UTF-8; the rest of the file was checked when it was opened.
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace nram
