#include "training/samples.h"

#include "data/draw.h"
#include "data/loader.h"
#include "training/transfer.h"

namespace nram {

void write_sample_grid(const std::string& path, const ParameterStore& store,
                       const ModelConfig& config, const data::Dataset& dataset, size_t rows,
                       const std::string& title) {
  Transferrer transferrer(store, config);
  std::vector<std::vector<data::Image>> grid;
  rows = std::min(rows, dataset.pairs.size());
  for (size_t i = 0; i < rows; ++i) {
    const int pair = static_cast<int>(i * dataset.pairs.size() / rows);
    const TransferResult result =
        transferrer.run(data::load_pair(dataset, pair, config.height, config.width));
    grid.push_back({result.source, result.pose, result.generated, result.target});
  }
  data::GridOptions options;
  options.columns = {"source", "target pose", "generated", "truth"};
  options.title = title;
  data::write_image(path, data::compose_grid(grid, options));
}

}  // namespace nram
