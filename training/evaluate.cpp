#include "training/evaluate.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "data/draw.h"
#include "data/loader.h"
#include "training/step.h"
#include "training/transfer.h"

namespace nram {
namespace {

constexpr size_t kGridRows = 8;

void add(ImageMetrics& sum, const ImageMetrics& m, double weight) {
  sum.ssim += m.ssim * weight;
  sum.ssim_padded += m.ssim_padded * weight;
  sum.psnr += m.psnr * weight;
  sum.l1 += m.l1 * weight;
}

std::vector<int> chosen_pairs(size_t count, int limit) {
  const size_t wanted = limit > 0 ? std::min(count, static_cast<size_t>(limit)) : count;
  std::vector<int> pairs;
  for (size_t i = 0; i < wanted; ++i) pairs.push_back(static_cast<int>(i * count / wanted));
  return pairs;
}

// A sentence when people of the test part are in the train part too, as far as that can be read.
void warn_of_shared_identities(const data::Dataset& test, std::vector<std::string>& warnings) {
  data::DatasetOptions options;
  options.skip_missing = true;
  data::Dataset train;
  try {
    train = data::open_dataset(test.directory, "train", options);
  } catch (const Error&) {
    return;  // a test part alone is fine
  }
  const std::vector<std::string> shared = data::shared_identities(test, train);
  if (shared.empty()) return;
  warnings.push_back(text(shared.size(), " people of the test part are in the train part too (",
                          shared[0], ", ...): their scores say little"));
}

std::string picture_name(const std::string& source, const std::string& target) {
  const auto stem = [](const std::string& name) {
    return std::filesystem::path(name).stem().string();
  };
  return stem(source) + "__" + stem(target) + ".png";
}

nlohmann::ordered_json to_object(const ImageMetrics& m) {
  return {{"ssim", m.ssim}, {"ssim_padded", m.ssim_padded}, {"psnr", m.psnr}, {"l1", m.l1}};
}

}  // namespace

Evaluation evaluate(const EvaluateOptions& options, const std::function<void(int, int)>& progress) {
  Device& where = device(options.device);
  Transferrer transferrer(options.weights, where);
  const ModelConfig& model = transferrer.config();
  data::DatasetOptions dataset_options;
  dataset_options.skip_missing = options.skip_missing;
  const data::Dataset dataset = data::open_dataset(options.data, options.split, dataset_options);
  NRAM_USER_CHECK(!dataset.pairs.empty(), options.data, ": the ", options.split,
                  " part has no pairs to evaluate");
  if (!options.pictures.empty()) make_directory(options.pictures);
  Metrics metrics(model.height, model.width, where);

  Evaluation evaluation{model, options.weights, options.data, options.split, {}, dataset.warnings};
  evaluation.rows = {
      {"generated", {}, {}}, {"copy the source", {}, {}}, {"plain background", {}, {}}};
  if (options.split == "test") warn_of_shared_identities(dataset, evaluation.warnings);
  const std::vector<int> pairs = chosen_pairs(dataset.pairs.size(), options.limit);
  std::vector<std::vector<data::Image>> grid;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const data::DatasetPair& pair = dataset.pairs[static_cast<size_t>(pairs[i])];
    const std::string& source_name = dataset.images[static_cast<size_t>(pair.source)].name;
    const std::string& target_name = dataset.images[static_cast<size_t>(pair.target)].name;
    const data::Batch batch = data::load_pair(dataset, pairs[i], model.height, model.width);
    const TransferResult result = transferrer.run(batch);
    const data::Image background(model.height, model.width, data::border_median(result.source));
    const data::Image* candidates[] = {&result.generated, &result.source, &background};
    for (size_t row = 0; row < evaluation.rows.size(); ++row) {
      const ImageMetrics m = metrics.compare(result.target, *candidates[row]);
      evaluation.rows[row].pairs.push_back({source_name, target_name, m});
      add(evaluation.rows[row].mean, m, 1.0 / static_cast<double>(pairs.size()));
    }
    if (!options.pictures.empty()) {
      data::write_image(options.pictures + "/" + picture_name(source_name, target_name),
                        result.generated);
      if (i * kGridRows / pairs.size() == grid.size()) {
        grid.push_back({result.source, result.pose, result.generated, result.target});
      }
    }
    if (progress) progress(static_cast<int>(i) + 1, static_cast<int>(pairs.size()));
  }
  if (!options.pictures.empty()) {
    data::GridOptions grid_options;
    grid_options.columns = {"source", "target pose", "generated", "truth"};
    data::write_image(options.pictures + "/grid.png", data::compose_grid(grid, grid_options));
  }
  return evaluation;
}

std::string to_table(const Evaluation& evaluation) {
  char line[160];
  std::snprintf(line, sizeof line, "%-18s %8s %12s %8s %8s\n", "", "ssim", "ssim_padded", "psnr",
                "l1");
  std::string table = line;
  for (const EvaluationRow& row : evaluation.rows) {
    std::snprintf(line, sizeof line, "%-18s %8.4f %12.4f %8.2f %8.4f\n", row.name.c_str(),
                  row.mean.ssim, row.mean.ssim_padded, row.mean.psnr, row.mean.l1);
    table += line;
  }
  table += text(
      evaluation.rows[0].pairs.size(), " pairs of ", evaluation.data, " (", evaluation.split,
      ") at ", evaluation.model.height, " x ", evaluation.model.width,
      "; ssim: L = 255, border left out; ssim_padded: ", padding_columns(evaluation.model.width),
      " white columns on each side, L = max - min of the generated image; l1 on the "
      "[-1, 1] scale\n");
  return table;
}

std::string to_json(const Evaluation& evaluation) {
  nlohmann::ordered_json document;
  document["weights"] = evaluation.weights;
  document["data"] = evaluation.data;
  document["split"] = evaluation.split;
  document["height"] = evaluation.model.height;
  document["width"] = evaluation.model.width;
  for (const EvaluationRow& row : evaluation.rows) {
    nlohmann::ordered_json pairs = nlohmann::ordered_json::array();
    for (const PairMetrics& pair : row.pairs) {
      nlohmann::ordered_json entry = {{"source", pair.source}, {"target", pair.target}};
      entry.update(to_object(pair.metrics));
      pairs.push_back(std::move(entry));
    }
    document["rows"][row.name] = {{"mean", to_object(row.mean)}, {"pairs", std::move(pairs)}};
  }
  return document.dump(2) + "\n";
}

}  // namespace nram
